// What every background worker process of knowhow does first.
//
// All functions here are PostgreSQL phases.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <postmaster/bgworker.h>
}

namespace knowhow::server {

// Connects the process to the database, as the bootstrap superuser and without a role's settings;
// from here SIGTERM ends it, SIGINT cancels what it does. Rights are taken per transaction, by
// act_as_owner().
void connect_worker(Oid database);

// The same for a process without a database.
void start_unconnected_worker();

// Starts a dynamic background worker that runs `function` of this library once. Returns false when
// max_worker_processes are in use. `extra` (at most BGW_EXTRALEN bytes) is handed to it. Who takes
// the handle, to be freed by pfree(), is woken when the process starts and when it ends.
bool start_worker(const char* function, const char* name, bool with_database, const void* extra,
                  std::size_t extra_bytes, BackgroundWorkerHandle** handle = nullptr);

// Waits, at most so long, for a latch; handles interrupts and configuration reload. Ends the
// process when the postmaster has died.
void worker_sleep(int milliseconds);

// Text for pg_stat_activity.
void report_activity(const char* format, ...) pg_attribute_printf(1, 2);

}  // namespace knowhow::server
