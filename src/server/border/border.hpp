// The border between C++ and PostgreSQL, whole.
//
// PostgreSQL reports an error by siglongjmp, which skips C++ destructors; C++ reports one by an
// exception, which must not pass a PostgreSQL frame. Hence three rules, and a tool for each.
//
//  1. Every SQL function is defined with KNOWHOW_FUNCTION(name). Exceptions that reach its end
//     become a PostgreSQL error, raised after the catch block has been left.
//  2. An entry point alternates PostgreSQL phases and engine calls. While PostgreSQL runs
//     unguarded, no object with a non-trivial destructor is alive: results of an engine call that
//     live longer are reached by a raw pointer and owned by a memory context: adopt().
//  3. Where the engine must call PostgreSQL back, it does so through guarded(), which turns a
//     PostgreSQL error into the exception PostgresError; rule 1 raises it again, unchanged.
//     Guard a batch, not a row, and keep destructors out of the guarded body.
#pragma once

#include "server/border/postgres.hpp"

#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "engine/base/monitor.hpp"

namespace knowhow::server {

// Carries a whole PostgreSQL error through C++ frames. The ErrorData lives in the memory context
// that was current when guarded() was entered.
class PostgresError : public std::exception {
  public:
    explicit PostgresError(ErrorData* data) : data_(data) {}
    ErrorData* data() const noexcept { return data_; }
    const char* what() const noexcept override { return "error raised by PostgreSQL"; }

  private:
    ErrorData* data_;
};

// Runs body() and turns a PostgreSQL error into PostgresError. body must throw no exception and
// hold no object with a destructor while it calls PostgreSQL: the jump would skip it.
template <typename Body>
void guarded(Body&& body) {
    MemoryContext const context = CurrentMemoryContext;
    ErrorData* volatile error = nullptr;
    PG_TRY();
    { body(); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        error = CopyErrorData();
        FlushErrorState();
    }
    PG_END_TRY();
    if (error != nullptr) {
        throw PostgresError(error);
    }
}

using FunctionBody = Datum (*)(FunctionCallInfo);

// Calls body and raises whatever it throws as a PostgreSQL error, as plain data: SQLSTATE,
// message, detail and hint survive, and every destructor has run by then.
Datum enter(FunctionBody body, FunctionCallInfo fcinfo);

// Runs engine code inside a PostgreSQL phase that is no SQL function of its own (a hook, a worker,
// a callback of an access method); the same translation as enter().
void run_engine(void (*body)(void*), void* argument);

template <typename Body>
void engine(Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run_engine([](void* argument) { (*static_cast<Plain*>(argument))(); },
               const_cast<void*>(static_cast<const void*>(&body)));
}

// Makes `context` the owner of an object: destroyed when the context is reset or deleted, be it
// at the normal end or on the way out of an error.
template <typename T>
T* adopt(MemoryContext context, std::unique_ptr<T> object) {
    MemoryContextCallback* callback = nullptr;
    guarded([&] {
        callback = static_cast<MemoryContextCallback*>(
            MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
    });
    T* raw = object.release();
    callback->func = [](void* argument) { delete static_cast<T*>(argument); };
    callback->arg = raw;
    MemoryContextRegisterResetCallback(context, callback);
    return raw;
}

// Makes this process stop engine threads before it exits; once is enough, more do no harm.
void stop_workers_at_exit();

// Runs CHECK_FOR_INTERRUPTS from engine code: cancel, statement_timeout, termination, and the
// barriers without which other backends' DROP DATABASE would wait. Termination exits from within
// poll() and frees the transaction's memory on the way; worker threads that read it are stopped
// first.
class InterruptMonitor : public Monitor {
  public:
    InterruptMonitor() { stop_workers_at_exit(); }
    void poll() override {
        if (InterruptPending) {
            guarded([] { CHECK_FOR_INTERRUPTS(); });
        }
    }
};

}  // namespace knowhow::server

// Defines the SQL-callable function `name`; its body follows, in C++:
//   KNOWHOW_FUNCTION(tfidf_norm) { ... PG_RETURN_FLOAT8(norm); }
#define KNOWHOW_FUNCTION(name)                                                       \
    static Datum name##_body(FunctionCallInfo fcinfo);                               \
    _Pragma("GCC visibility push(default)") extern "C" {                             \
        PG_FUNCTION_INFO_V1(name);                                                   \
        Datum name(PG_FUNCTION_ARGS) {                                               \
            return knowhow::server::enter(name##_body, fcinfo);                      \
        }                                                                            \
    }                                                                                \
    _Pragma("GCC visibility pop") static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)
