// The module's settings (knowhow.*), registered when the library is loaded.
#pragma once

#include "server/border/postgres.hpp"

namespace knowhow::server::settings {
extern char* recommender;   // knowhow.recommender; "" when unset
extern int threads;         // knowhow.threads
extern int max_memory;      // knowhow.max_memory, kB
extern int scan_rows;       // knowhow.scan_rows
extern int max_concurrent_trainings;  // knowhow.max_concurrent_trainings
extern int training_nice;   // knowhow.training_nice, 0 to 19
extern int training_share;  // knowhow.training_share, percent
extern char* test_clock;    // knowhow.test_clock; "" when unset
extern bool preloaded;      // no setting: the postmaster has loaded the library
extern bool launcher;         // knowhow.launcher
extern int launcher_naptime;  // knowhow.launcher_naptime, seconds
}  // namespace knowhow::server::settings
