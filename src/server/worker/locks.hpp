// The locks by which trainings keep out of each other's way, in PostgreSQL's lock manager, so that
// they end with their process and pg_locks shows them (locktype object).
//
// All functions here are PostgreSQL phases. Session locks outlive transactions that commit; an
// aborted transaction gives them back, and so does the end of the process. To try a lock that this
// process holds succeeds.
#pragma once

#include "server/border/border.hpp"

namespace knowhow::server {

// One training of a recommender at a time. `objid` is the recommender's id, `classid` the
// catalogue of recommenders.
void lock_training(int32 recommender_id);      // waits; until the end of the transaction
bool try_training_lock(int32 recommender_id);  // this and the next: of the session
void release_training_lock();

// A background run that is queued or running holds its own lock. `objid` is the run's id, `classid`
// the catalogue of runs.
bool try_run_lock(int64 run_id);
void release_run_lock();
// Whether the run has no process any more; nobody else finds it so until the end of the
// transaction.
bool run_is_abandoned(int64 run_id);

// One of the knowhow.max_concurrent_trainings places that background runs of all databases share.
bool try_slot();
void release_slot();

// The right to be the watcher, which is one for all databases.
bool try_watcher_lock();
void release_watcher_lock();

// Whether somebody drops, renames or copies the database, or changes its tablespace.
bool database_is_wanted(Oid database);

// Gives back what this process still holds of the above, whatever it was about to do.
void release_locks_at_exit();

}  // namespace knowhow::server
