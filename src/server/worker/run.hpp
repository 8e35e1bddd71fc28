// A training in a background worker, in short transactions: nothing is held back while it learns.
//
// All functions here are PostgreSQL phases: call them outside a transaction, in a process that
// connect_worker() has connected.
#pragma once

#include "server/border/border.hpp"

namespace knowhow::server {

enum class RunEnd { kSucceeded, kFailed, kCanceled, kGone };

// Runs the queued run: reads under one snapshot as the recommender's owner, learns without a
// transaction, writes and activates in another. Needs a slot and the training lock, and gives them
// back. Whatever goes wrong is recorded in the run's row, and only there:
// no error leaves this function but the end of the process.
RunEnd run_training(int64 run_id);

// Records that a run has ended before run_training() was called. `error` is caught and flushed.
RunEnd record_early_end(int64 run_id, int32 recommender_id, const ErrorData* error);

}  // namespace knowhow::server
