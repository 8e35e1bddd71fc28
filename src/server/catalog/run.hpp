// Training runs: the rows of knowhow.training_run_catalog.
//
// All functions here are PostgreSQL phases: call them in a transaction, with no destructor
// pending. They check no right: callers do, with require_owner().
#pragma once

#include "server/catalog/recommender.hpp"

namespace knowhow::server {

// How long each phase of a run took, in seconds.
struct RunSeconds {
    double compare = 0;  // in the gate; 0 where there is none
    double read = 0;
    double learn = 0;
    double write = 0;
};

// Adds a run in state queued and returns its id. `cause` is one of those that the column allows.
int64 queue_run(int32 recommender_id, int64 seed, const char* cause);

// queued -> running. False where the run is gone, or is no longer queued.
bool start_run(int64 run_id);

// running -> succeeded, with what came of it.
void finish_run(int64 run_id, int32 model_id, int64 rows_read, const RunSeconds& seconds);

// Any state -> failed, or canceled where somebody wanted it so. False where the run is gone.
bool fail_run(int64 run_id, int64 rows_read, const RunSeconds& seconds, const ErrorData* error,
              bool canceled);

// The same for a run whose model the gate refused, and whose metrics say why.
void refuse_run(int64 run_id, int32 model_id, const RunSeconds& seconds, const ErrorData* error);

// How many runs of the recommender have failed one after the other, up to the newest.
int64 failures_in_a_row(int32 recommender_id);

// Deletes the oldest finished runs of the recommender beyond the newest, of which its parameter
// keep_runs says how many stay.
void prune_runs(int32 recommender_id);

// Marks as failed every run of this database that is queued or running and has no process: it was
// killed, or the server stopped. A queued run has a minute's time to get one.
void close_abandoned_runs();

}  // namespace knowhow::server
