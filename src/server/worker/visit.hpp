// A visit: a process that looks into one database for recommenders that are due, trains them, and
// leaves; see visit.cpp.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <postmaster/bgworker.h>
}

namespace knowhow::server {

// Registers the process of the visit in this place of the shared state. Returns NULL when
// max_worker_processes are in use. This process is notified of its start and end.
BackgroundWorkerHandle* start_visit(Oid database, int place, uint32 generation);

}  // namespace knowhow::server
