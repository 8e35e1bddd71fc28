// The watcher: makes background runs leave a database that somebody wants to drop, rename or copy.
//
// A connected process is in the way of DROP DATABASE, and while it runs a query of its own it
// cannot look whether it is. So one small process, connected to no database, looks for all of
// them, as long as there are any.
#include "server/border/border.hpp"

extern "C" {
#include <postmaster/bgworker.h>
#include <signal.h>
}

#include "server/progress/progress.hpp"
#include "server/worker/locks.hpp"
#include "server/worker/watcher.hpp"
#include "server/worker/worker.hpp"

#pragma GCC visibility push(default)
extern "C" void knowhow_watcher(Datum argument);
#pragma GCC visibility pop

namespace knowhow::server {
namespace {

constexpr int kLookEveryMs = 200;
// A run that was told to leave needs a moment to record it; a second signal would disturb that.
constexpr int kLooksBetweenSignals = 10;

int background_runs(ProgressEntry** runs) {
    ProgressEntry* entries;
    int const all = progress_entries(&entries);
    int count = 0;
    for (int i = 0; i < all; ++i) {
        if (entries[i].background) {
            entries[count++] = entries[i];
        }
    }
    *runs = entries;
    return count;
}

bool any_background_runs() {
    ProgressEntry* runs;
    return background_runs(&runs) > 0;
}

// Those told to leave of late, and at which look.
struct Told {
    int pid;
    int look;
};
constexpr int kMostTold = 128;

void tell_to_leave(int pid, int look, Told* told) {
    Told* place = told;
    for (Told* entry = told; entry < told + kMostTold; ++entry) {
        if (entry->pid == pid && look - entry->look < kLooksBetweenSignals) {
            return;
        }
        if (entry->pid == pid || entry->look < place->look) {
            place = entry;
        }
    }
    kill(pid, SIGINT);
    *place = {pid, look};
}

void watch() {
    Told told[kMostTold] = {};
    MemoryContext const memory = AllocSetContextCreate(TopMemoryContext, "knowhow watcher",
                                                       ALLOCSET_SMALL_SIZES);
    for (int look = kLooksBetweenSignals;; ++look) {
        MemoryContextReset(memory);
        MemoryContextSwitchTo(memory);
        ProgressEntry* runs;
        int const count = background_runs(&runs);
        if (count == 0) {
            break;
        }
        for (int i = 0; i < count; ++i) {
            if (database_is_wanted(runs[i].database)) {
                tell_to_leave(runs[i].pid, look, told);
            }
        }
        worker_sleep(kLookEveryMs);
    }
    MemoryContextSwitchTo(TopMemoryContext);
    MemoryContextDelete(memory);
}

}  // namespace

void start_watcher() {
    static bool complained = false;
    if (!start_worker("knowhow_watcher", "knowhow watcher", false, nullptr, 0) && !complained) {
        complained = true;
        ereport(LOG, (errmsg("no background worker is free for the watcher of trainings"),
                      errdetail("DROP DATABASE may have to wait for one to end."),
                      errhint("Raise max_worker_processes.")));
    }
}

}  // namespace knowhow::server

using namespace knowhow::server;

extern "C" void knowhow_watcher(Datum) {
    start_unconnected_worker();
    // A run that begins while the watcher is about to leave starts another, which finds the lock
    // taken; so who leaves looks once more when the lock is given back.
    while (any_background_runs() && try_watcher_lock()) {
        watch();
        release_watcher_lock();
    }
}
