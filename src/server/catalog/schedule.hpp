// The schedule of retraining: what alter_recommender() writes. Its rules are SQL, in
// control/chapters/65_schedule.sql.
//
// All functions here are PostgreSQL phases: call them with no destructor pending.
#pragma once

#include "server/border/border.hpp"

namespace knowhow::server {

// Checks the arguments retrain_every, retrain_after_changes, retrain_at_drift,
// retrain_window_start, retrain_window_end, retrain_time_zone and retrain_enabled of a call, the
// first of which is argument number `first`, and writes those that are not null. False: there is
// no such recommender any more. Error 22023: a value out of range, or half a window.
bool alter_schedule(FunctionCallInfo fcinfo, int first, int32 recommender_id);

}  // namespace knowhow::server
