// The module's magic block and its settings.
#include "server/module.hpp"

extern "C" {
#include <utils/guc.h>
}

#include <climits>

#include "server/index/options.hpp"
#include "server/worker/launcher.hpp"
#include "server/worker/shared_state.hpp"

#pragma GCC visibility push(default)
extern "C" {
PG_MODULE_MAGIC;
void _PG_init(void);
}
#pragma GCC visibility pop

namespace knowhow::server::settings {
char* recommender = nullptr;
int threads = 2;
int max_memory = 1024 * 1024;
int scan_rows = 10;
int max_concurrent_trainings = 2;
int training_nice = 10;
int training_share = 100;
char* test_clock = nullptr;
bool preloaded = false;
bool launcher = true;
int launcher_naptime = 60;
}  // namespace knowhow::server::settings

extern "C" void _PG_init(void) {
    using namespace knowhow::server;
    DefineCustomStringVariable("knowhow.recommender",
                               "The recommender to use where none is named by an argument.",
                               nullptr, &settings::recommender, "", PGC_USERSET, 0, nullptr,
                               nullptr, nullptr);
    DefineCustomIntVariable("knowhow.threads", "Threads that training may use.",
                            "Results do not depend on it.", &settings::threads, 2, 1, 256,
                            PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("knowhow.max_memory",
                            "Memory that one training or one call may use beyond work_mem.",
                            "Work that would need more ends with an error before it takes it.",
                            &settings::max_memory, 1024 * 1024, 1024, MAX_KILOBYTES, PGC_USERSET,
                            GUC_UNIT_KB, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("knowhow.scan_rows",
                            "Rows that a scan of a tfidf index looks for at first.",
                            "An index never learns the LIMIT. Set near it where it is large: the "
                            "scan then does not search for fewer rows before.",
                            &settings::scan_rows, 10, 1, 1000000, PGC_USERSET, 0, nullptr, nullptr,
                            nullptr);
    DefineCustomIntVariable("knowhow.max_concurrent_trainings",
                            "Background trainings that run at the same time, in all databases.",
                            "Others wait for their turn.", &settings::max_concurrent_trainings, 2,
                            1, 64, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("knowhow.training_nice",
                            "Nice value of the threads of background trainings.",
                            "The larger, the more they give way to other processes. Linux only.",
                            &settings::training_nice, 10, 0, 19, PGC_USERSET, 0, nullptr, nullptr,
                            nullptr);
    DefineCustomIntVariable("knowhow.training_share",
                            "Share of the time, in percent, that each thread of a training works.",
                            "The rest it sleeps.", &settings::training_share, 100, 1, 100,
                            PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("knowhow.test_clock",
                               "Another clock for schedules, for tests: virtual start; real "
                               "start; factor.",
                               nullptr, &settings::test_clock, "", PGC_SUSET,
                               GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE, nullptr, nullptr, nullptr);
    settings::preloaded = process_shared_preload_libraries_in_progress;
    DefineCustomBoolVariable("knowhow.launcher", "Starts trainings that are due on their schedule.",
                             "Works where the library is in shared_preload_libraries. A training "
                             "that runs is not stopped by switching this off.",
                             &settings::launcher, true, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("knowhow.launcher_naptime",
                            "How often each database is looked into where nothing is known to be "
                            "due.",
                            "A recommender that becomes due by time, or whose schedule is changed, "
                            "does not wait for it.",
                            &settings::launcher_naptime, 60, 1, 86400, PGC_SIGHUP, GUC_UNIT_S,
                            nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("knowhow");
    index::register_options();
    if (process_shared_preload_libraries_in_progress) {
        request_shared_state();
        register_launcher();
    }
}
