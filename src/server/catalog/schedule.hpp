// The schedule of retraining: what alter_recommender() writes. Its rules are SQL, in
// control/chapters/65_schedule.sql.
//
// All functions here are PostgreSQL phases: call them with no destructor pending.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <datatype/timestamp.h>
}

namespace knowhow::server {

// Checks the arguments retrain_every, retrain_after_changes, retrain_at_drift,
// retrain_window_start, retrain_window_end, retrain_time_zone and retrain_enabled of a call, the
// first of which is argument number `first`, and writes those that are not null. False: there is
// no such recommender any more. Error 22023: a value out of range, or half a window.
bool alter_schedule(FunctionCallInfo fcinfo, int first, int32 recommender_id);

// When the clock of schedules shows this time, as a time of the server's own. They differ where a
// test has set knowhow.test_clock: then DT_NOEND stands for never, because that clock stands still,
// and what is past is as long past by both. Error 22023: the setting cannot be read.
TimestampTz server_time_of(TimestampTz time);

}  // namespace knowhow::server
