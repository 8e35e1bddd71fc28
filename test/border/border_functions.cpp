#include "server/border/border.hpp"

extern "C" {
#include <utils/elog.h>
}

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory_resource>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/error.hpp"
#include "engine/base/parallel.hpp"

extern "C" {
#pragma GCC visibility push(default)
PG_MODULE_MAGIC;
#pragma GCC visibility pop
}

namespace {

using knowhow::Error;
using knowhow::ErrorCode;
using namespace knowhow::server;

std::atomic<int> objects_alive{0};
std::atomic<int> objects_destroyed{0};

// Counts itself: an object that a jump skipped stays alive for ever.
class Counted {
  public:
    Counted() { ++objects_alive; }
    Counted(const Counted&) : Counted() {}
    Counted& operator=(const Counted&) = delete;
    ~Counted() {
        --objects_alive;
        ++objects_destroyed;
    }
};

using Clock = std::chrono::steady_clock;

Clock::time_point after(double seconds) {
    return Clock::now() + std::chrono::duration_cast<Clock::duration>(
                              std::chrono::duration<double>(seconds));
}

ErrorCode code_named(const std::string& name) {
    if (name == "invalid argument") return ErrorCode::kInvalidArgument;
    if (name == "invalid text") return ErrorCode::kInvalidText;
    if (name == "limit exceeded") return ErrorCode::kLimitExceeded;
    if (name == "out of memory") return ErrorCode::kOutOfMemory;
    if (name == "canceled") return ErrorCode::kCanceled;
    return ErrorCode::kDataCorrupted;
}

struct Report {
    int sqlstate;
    const char* message;
    const char* detail;
    const char* hint;
};

// Engine and PostgreSQL frames in turn, a counted object in each engine frame.
void descend(int depth, const Report& report) {
    Counted local;
    std::vector<Counted> on_the_heap(2);
    guarded([&] {
        if (depth > 1) {
            engine([&] { descend(depth - 1, report); });
        } else {
            ereport(ERROR, (errcode(report.sqlstate), errmsg("%s", report.message),
                            errdetail("%s", report.detail), errhint("%s", report.hint)));
        }
    });
}

}  // namespace

KNOWHOW_FUNCTION(throw_error) {
    char* code = text_to_cstring(PG_GETARG_TEXT_PP(0));
    char* message = text_to_cstring(PG_GETARG_TEXT_PP(1));
    char* detail = text_to_cstring(PG_GETARG_TEXT_PP(2));
    char* hint = text_to_cstring(PG_GETARG_TEXT_PP(3));
    Counted local;
    throw Error(code_named(code), message, hint, detail);
}

KNOWHOW_FUNCTION(throw_other) {
    char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    Counted local;
    std::string kind(name);
    if (kind == "bad_alloc") throw std::bad_alloc();
    if (kind == "exception") throw std::runtime_error("the message of a standard exception");
    if (kind == "nested") {
        try {
            throw std::logic_error("inner");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("outer"));
        }
    }
    throw 42;
}

KNOWHOW_FUNCTION(exhaust_budget) {
    knowhow::MemoryBudget budget(static_cast<std::size_t>(PG_GETARG_INT64(0)));
    std::pmr::vector<Counted> objects(&budget);
    for (;;) {
        objects.emplace_back();
    }
}

KNOWHOW_FUNCTION(exhaust_palloc) {
    Counted local;
    guarded([] { palloc(static_cast<Size>(MaxAllocSize) + 1); });
    PG_RETURN_VOID();
}

KNOWHOW_FUNCTION(raise_in_engine) {
    char* state = text_to_cstring(PG_GETARG_TEXT_PP(1));
    Report report{MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]),
                  text_to_cstring(PG_GETARG_TEXT_PP(2)), text_to_cstring(PG_GETARG_TEXT_PP(3)),
                  text_to_cstring(PG_GETARG_TEXT_PP(4))};
    descend(PG_GETARG_INT32(0), report);
    PG_RETURN_VOID();
}

KNOWHOW_FUNCTION(state_after_error) {
    MemoryContext const context = CurrentMemoryContext;
    sigjmp_buf* const stack = PG_exception_stack;
    ErrorContextCallback* const callbacks = error_context_stack;
    const char* result = "no error was raised";
    try {
        guarded([] {
            MemoryContextSwitchTo(TopMemoryContext);
            ereport(ERROR, (errmsg("caught by the engine")));
        });
    } catch (const PostgresError& error) {
        result = CurrentMemoryContext != context    ? "another memory context"
                 : PG_exception_stack != stack      ? "another exception stack"
                 : error_context_stack != callbacks ? "another error context stack"
                                                    : error.data()->message;
    }
    PG_RETURN_TEXT_P(cstring_to_text(result));
}

KNOWHOW_FUNCTION(loop) {
    const auto end = after(PG_GETARG_FLOAT8(0));
    knowhow::Monitor silent;
    InterruptMonitor interrupts;
    knowhow::Monitor& monitor = PG_GETARG_BOOL(1) ? interrupts : silent;
    Counted local;
    while (Clock::now() < end) {
        monitor.poll();
    }
    PG_RETURN_VOID();
}

KNOWHOW_FUNCTION(parallel_loop) {
    constexpr std::size_t kNumbers = 1 << 20;
    const double seconds = PG_GETARG_FLOAT8(0);
    const int threads = PG_GETARG_INT32(1);
    const bool worker_throws = PG_GETARG_BOOL(2);
    auto* numbers = static_cast<int*>(palloc0(kNumbers * sizeof(int)));
    {
        InterruptMonitor monitor;
        Counted local;
        std::atomic<long> total{0};
        const auto end = after(seconds);
        // More chunks than the time allows; those that come after it return at once.
        knowhow::parallel_for(
            1'000'000, 1, threads, monitor, [&](std::size_t begin, std::size_t, int) {
                Counted in_worker;
                if (worker_throws && begin == 100) {
                    throw Error(ErrorCode::kLimitExceeded, "thrown by a worker", "A hint.", "A detail.");
                }
                if (Clock::now() < end) {
                    total += std::accumulate(numbers, numbers + kNumbers, 0L);
                }
            });
    }
    PG_RETURN_VOID();
}

KNOWHOW_FUNCTION(adopt) {
    char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "border test", ALLOCSET_SMALL_SIZES);
    // A plain function call: no object with a destructor is alive while PostgreSQL runs below.
    knowhow::server::adopt(context, std::make_unique<Counted>());
    if (strcmp(name, "reset") == 0) {
        MemoryContextReset(context);
    } else if (strcmp(name, "error") == 0) {
        ereport(ERROR, (errmsg("raised while an object is adopted")));
    }
    PG_RETURN_INT32(objects_alive.load());
}

KNOWHOW_FUNCTION(alive) { PG_RETURN_INT32(objects_alive.load()); }

KNOWHOW_FUNCTION(destroyed) { PG_RETURN_INT32(objects_destroyed.exchange(0)); }

KNOWHOW_FUNCTION(threads) {
    namespace fs = std::filesystem;
    PG_RETURN_INT32(static_cast<int32>(
        std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator())));
}
