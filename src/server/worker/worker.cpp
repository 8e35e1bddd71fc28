#include "server/worker/worker.hpp"

extern "C" {
#include <pgstat.h>
#include <postmaster/interrupt.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/proc.h>
#include <tcop/tcopprot.h>
#include <utils/guc.h>
#include <utils/wait_event.h>
}

#include <cstdarg>
#include <cstring>

#include "server/worker/locks.hpp"

namespace knowhow::server {
namespace {

void handle_signals() {
    // As a backend does: at the next CHECK_FOR_INTERRUPTS, whatever the process waits for.
    pqsignal(SIGTERM, die);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    BackgroundWorkerUnblockSignals();
}

}  // namespace

void connect_worker(Oid database) {
    handle_signals();
    BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
    release_locks_at_exit();
    SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION);
    // What a database sets for its clients would keep the worker from writing anything, make it miss
    // changes for which it waited, or end it before it can record why.
    SetConfigOption("default_transaction_read_only", "off", PGC_USERSET, PGC_S_SESSION);
    SetConfigOption("default_transaction_isolation", "read committed", PGC_USERSET, PGC_S_SESSION);
#if PG_VERSION_NUM >= 170000
    SetConfigOption("transaction_timeout", "0", PGC_USERSET, PGC_S_SESSION);
#endif
    // By its progress the watcher and cancel_training() find a process.
    SetConfigOption("track_activities", "on", PGC_SUSET, PGC_S_OVERRIDE);
}

void start_unconnected_worker() {
    handle_signals();
    release_locks_at_exit();
}

bool start_worker(const char* function, const char* name, bool with_database, const void* extra,
                  std::size_t extra_bytes, BackgroundWorkerHandle** handle) {
    BackgroundWorker worker = {};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS |
                       (with_database ? BGWORKER_BACKEND_DATABASE_CONNECTION : 0);
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    strlcpy(worker.bgw_library_name, "knowhow", sizeof worker.bgw_library_name);
    strlcpy(worker.bgw_function_name, function, sizeof worker.bgw_function_name);
    strlcpy(worker.bgw_name, name, sizeof worker.bgw_name);
    strlcpy(worker.bgw_type, "knowhow worker", sizeof worker.bgw_type);
    if (extra_bytes > 0) {
        memcpy(worker.bgw_extra, extra, extra_bytes);
    }
    worker.bgw_notify_pid = handle == nullptr ? 0 : MyProcPid;
    return RegisterDynamicBackgroundWorker(&worker, handle);
}

void worker_sleep(int milliseconds) {
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
                    PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
    if (ConfigReloadPending) {
        ConfigReloadPending = false;
        ProcessConfigFile(PGC_SIGHUP);
    }
}

void report_activity(const char* format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    pgstat_report_activity(STATE_RUNNING, text);
}

}  // namespace knowhow::server
