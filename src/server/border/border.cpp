#include "server/border/border.hpp"

extern "C" {
#include <mb/pg_wchar.h>
#include <storage/ipc.h>
}

#include <cstring>

#include "engine/base/error.hpp"
#include "engine/base/parallel.hpp"

namespace knowhow::server {
namespace {

// What remains of an exception once it is gone: no destructor, so PostgreSQL may jump over it.
struct Failure {
    ErrorData* postgres;   // set when PostgreSQL itself raised the error
    int sqlstate;
    char message[1024];
    char detail[1024];
    char hint[512];
};

void copy_text(char* target, std::size_t size, const char* text) {
    std::size_t length = strnlen(text, size - 1);
    if (text[length] != '\0') {
        // Cut at the start of a character, in UTF-8 and in every encoding that PostgreSQL allows
        // on the server: lengths are found by walking from the start.
        length = static_cast<std::size_t>(
            pg_mbcliplen(text, static_cast<int>(length), static_cast<int>(length)));
    }
    memcpy(target, text, length);
    target[length] = '\0';
}

int sqlstate_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return ERRCODE_INVALID_PARAMETER_VALUE;
        case ErrorCode::kInvalidText:
            return ERRCODE_INVALID_TEXT_REPRESENTATION;
        case ErrorCode::kNumericOutOfRange:
            return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
        case ErrorCode::kLimitExceeded:
            return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
        case ErrorCode::kOutOfMemory:
            return ERRCODE_OUT_OF_MEMORY;
        case ErrorCode::kCanceled:
            return ERRCODE_QUERY_CANCELED;
        case ErrorCode::kDataCorrupted:
            return ERRCODE_DATA_CORRUPTED;
    }
    return ERRCODE_INTERNAL_ERROR;
}

void describe(Failure& failure, int sqlstate, const char* message, const char* detail = "",
              const char* hint = "") {
    failure.postgres = nullptr;
    failure.sqlstate = sqlstate;
    copy_text(failure.message, sizeof failure.message, message);
    copy_text(failure.detail, sizeof failure.detail, detail);
    copy_text(failure.hint, sizeof failure.hint, hint);
}

// Called inside a catch block only: rethrows to find out what was thrown.
void describe_current_exception(Failure& failure) {
    try {
        throw;
    } catch (const PostgresError& error) {
        failure.postgres = error.data();
    } catch (const Error& error) {
        describe(failure, sqlstate_of(error.code()), error.what(), error.detail().c_str(),
                 error.hint().c_str());
    } catch (const std::bad_alloc&) {
        describe(failure, ERRCODE_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception& error) {
        describe(failure, ERRCODE_INTERNAL_ERROR, error.what(), "Unexpected C++ exception.");
    } catch (...) {
        describe(failure, ERRCODE_INTERNAL_ERROR, "unexpected C++ exception of unknown type");
    }
}

[[noreturn]] void raise(const Failure& failure) {
    if (failure.postgres != nullptr) {
        ReThrowError(failure.postgres);
    }
    ereport(ERROR, (errcode(failure.sqlstate), errmsg("%s", failure.message),
                    failure.detail[0] != '\0' ? errdetail("%s", failure.detail) : 0,
                    failure.hint[0] != '\0' ? errhint("%s", failure.hint) : 0));
    pg_unreachable();
}

}  // namespace

Datum enter(FunctionBody body, FunctionCallInfo fcinfo) {
    Failure failure;
    try {
        return body(fcinfo);
    } catch (...) {
        describe_current_exception(failure);
    }
    raise(failure);
}

void run_engine(void (*body)(void*), void* argument) {
    Failure failure;
    try {
        body(argument);
        return;
    } catch (...) {
        describe_current_exception(failure);
    }
    raise(failure);
}

void stop_workers_at_exit() {
    static int registered = 0;
    if (registered != MyProcPid) {   // not the process from which this one was forked
        registered = MyProcPid;
        // Called in reverse order: before the callback that aborts the transaction.
        before_shmem_exit([](int, Datum) { stop_workers(); }, 0);
    }
}

}  // namespace knowhow::server
