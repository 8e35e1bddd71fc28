// The launcher: one process, connected to no database, that sends a visit into each database when
// a recommender there is due, when a session says that a schedule has changed, and otherwise once
// in knowhow.launcher_naptime. It starts with the library in shared_preload_libraries, once
// recovery has finished, and the postmaster starts it again whenever it ends.
//
// Nothing that happens in one database may stop it: it never waits for a lock or for a visit, and
// holds neither a snapshot nor a lock while it sleeps.
#include "server/worker/launcher.hpp"

#include "server/border/border.hpp"

extern "C" {
#include <pgstat.h>
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <utils/backend_status.h>
#include <utils/guc.h>
#include <utils/timestamp.h>
#include <utils/wait_event.h>
}

#include <algorithm>

#include "server/module.hpp"
#include "server/worker/agenda.hpp"
#include "server/worker/locks.hpp"
#include "server/worker/shared_state.hpp"
#include "server/worker/visit.hpp"
#include "server/worker/worker.hpp"

#pragma GCC visibility push(default)
extern "C" void knowhow_launcher(Datum argument);
#pragma GCC visibility pop

namespace knowhow::server {
namespace {

// Visits that look what is due take milliseconds; those that train are limited by their slots.
constexpr int kLooksAtATime = 2;
constexpr int kRestartSeconds = 5;

constexpr int64 kMillisecond = 1000;
// Between two visits of a database, so that none, whatever it reports, is visited all the time.
constexpr int64 kBetweenVisits = 100 * kMillisecond;
// A training gets this time to end before another visit takes what else is due in its database.
constexpr int64 kBesideTraining = 500 * kMillisecond;
// Until it is tried again whether a slot, a worker or a database is free.
constexpr int64 kBetweenTries = 1000 * kMillisecond;
// A visit that takes longer, because something in its database does not let it look, no longer
// counts among those that look at a time.
constexpr int64 kLongLook = 10 * USECS_PER_SEC;
// A visit whose process was not there by then, and of which nobody holds the handle, never comes.
constexpr int64 kLateArrival = 30 * USECS_PER_SEC;
// After visits that failed: doubled with each, up to the second.
constexpr int64 kFirstPause = 5 * USECS_PER_SEC;
constexpr int64 kLongestPause = 600 * USECS_PER_SEC;

struct Launcher {
    Agenda* agenda;
    TimestampTz refreshed;
    News news;
    BackgroundWorkerHandle* handles[kMaxVisits];  // NULL: none, or started by a former launcher
    int looking;                                  // visits that have not looked yet
    bool no_slot;                                 // something is due, and no slot is free
    bool no_worker;                               // the last visit could not be started
    TimestampTz next_try;
};

// ---- What visits and sessions report

// The 1st, 10th, 100th, ... failure in a row is told.
bool is_told(int failures) {
    while (failures % 10 == 0) {
        failures /= 10;
    }
    return failures == 1;
}

void note_failure(AgendaEntry* entry, const char* error, TimestampTz now) {
    ++entry->failures;
    entry->pause = now + std::min(kLongestPause, kFirstPause << std::min(entry->failures - 1, 10));
    // What it would have found is not known: look again after the pause.
    entry->due = std::min(entry->due, entry->pause);
    if (error[0] != '\0' && is_told(entry->failures)) {
        ereport(
            LOG,
            (errmsg("could not look for recommenders that are due in database \"%s\": %s",
                    entry->name, error),
             entry->failures > 1 ? errdetail("This was failure %d in a row.", entry->failures) : 0,
             errhidestmt(true), errhidecontext(true)));
    }
}

void release_handle(Launcher* launcher, int place) {
    if (launcher->handles[place] != nullptr) {
        pfree(launcher->handles[place]);
        launcher->handles[place] = nullptr;
    }
}

void note_report(AgendaEntry* entry, const Visit& visit, TimestampTz now) {
    if (visit.report < entry->report) {
        return;  // another visit of the same database has looked later
    }
    entry->report = visit.report;
    entry->due = visit.due;
    if (visit.state == VisitState::kTraining && visit.due <= now) {
        entry->pause = visit.since + kBesideTraining;
    }
}

void note_end(AgendaEntry* entry, const Visit& visit, TimestampTz now) {
    if (visit.failed) {
        note_failure(entry, visit.error, now);
    } else {
        entry->failures = 0;
        entry->pause = std::max(entry->pause, now + kBetweenVisits);
    }
}

// Whether the process has ended, or will never come, without having taken its place.
bool is_lost(const Launcher& launcher, int place, TimestampTz now) {
    if (launcher.handles[place] != nullptr) {
        pid_t pid;
        return GetBackgroundWorkerPid(launcher.handles[place], &pid) == BGWH_STOPPED;
    }
    return now > launcher.news.visits[place].since + kLateArrival;
}

void hear_visit(Launcher* launcher, int place, TimestampTz now) {
    const Visit& visit = launcher->news.visits[place];
    AgendaEntry* const entry = find_entry(launcher->agenda, visit.database);
    if (visit.state == VisitState::kStarting && is_lost(*launcher, place, now) &&
        give_up_visit(place)) {
        release_handle(launcher, place);
        if (entry != nullptr) {
            note_failure(entry, "its process ended early", now);
        }
        return;
    }
    if (entry != nullptr && visit.reported) {
        note_report(entry, visit, now);
    }
    if (visit.state == VisitState::kLeft) {
        release_handle(launcher, place);
        if (entry != nullptr) {
            note_end(entry, visit, now);
        }
        return;
    }
    if (visit.state == VisitState::kTraining) {
        return;
    }
    launcher->looking += now < visit.since + kLongLook;
    if (entry != nullptr) {
        entry->busy = true;
    }
}

void wake(AgendaEntry* entry, TimestampTz now) {
    entry->woken = std::min(entry->woken, now);
    entry->pause = std::min(entry->pause, now);
}

void hear_sessions(Launcher* launcher, TimestampTz now) {
    const News& news = launcher->news;
    if (news.wakes == 0) {
        return;
    }
    // Perhaps a database that has just been made.
    refresh_agenda(launcher->agenda, now);
    for (int i = 0; i < std::min(news.wakes, kMaxWakes); ++i) {
        AgendaEntry* const entry = find_entry(launcher->agenda, news.wake[i]);
        if (entry != nullptr) {
            wake(entry, now);
        }
    }
    if (news.wakes > kMaxWakes) {
        for (int i = 0; i < launcher->agenda->count; ++i) {
            wake(&launcher->agenda->entries[i], now);
        }
    }
}

void hear(Launcher* launcher, TimestampTz now) {
    take_news(&launcher->news);
    hear_sessions(launcher, now);
    for (int i = 0; i < launcher->agenda->count; ++i) {
        launcher->agenda->entries[i].busy = false;
    }
    launcher->looking = 0;
    for (int place = 0; place < kMaxVisits; ++place) {
        if (launcher->news.visits[place].state != VisitState::kFree) {
            hear_visit(launcher, place, now);
        }
    }
}

// ---- Sending visits

// Of those that can be visited now, the one that has waited longest. NULL: none can.
AgendaEntry* next_entry(Agenda* agenda, TimestampTz now) {
    AgendaEntry* next = nullptr;
    for (int i = 0; i < agenda->count; ++i) {
        AgendaEntry* const entry = &agenda->entries[i];
        if (possible_at(*entry) <= now &&
            (next == nullptr || wanted_at(*entry) < wanted_at(*next))) {
            next = entry;
        }
    }
    return next;
}

bool slot_is_free() {
    bool const free = try_slot();
    release_slot();
    return free;
}

void note_start(Launcher* launcher, bool started, TimestampTz now) {
    if (started) {
        if (launcher->no_worker) {
            ereport(LOG, (errmsg("background workers for trainings are free again")));
        }
    } else {
        launcher->next_try = now + kBetweenTries;
        if (!launcher->no_worker) {
            ereport(LOG, (errmsg("no background worker is free for trainings that may be due"),
                          errdetail("This is tried again, and not reported again until it works."),
                          errhint("Raise max_worker_processes (now %d).", max_worker_processes)));
        }
    }
    launcher->no_worker = !started;
}

bool send_visit(Launcher* launcher, AgendaEntry* entry, TimestampTz now) {
    uint32 generation;
    int const place = new_visit(entry->database, &generation);
    if (place < 0) {
        launcher->next_try = now + kBetweenTries;
        return false;
    }
    launcher->handles[place] = start_visit(entry->database, place, generation);
    bool const started = launcher->handles[place] != nullptr;
    note_start(launcher, started, now);
    if (!started) {
        (void)give_up_visit(place);
        return false;
    }
    entry->busy = true;
    entry->due = entry->woken = DT_NOEND;
    plan_regular_visit(*launcher->agenda, entry, now);
    ++launcher->looking;
    return true;
}

void send_visits(Launcher* launcher, TimestampTz now) {
    TimestampTz waiting = DT_NOEND;
    launcher->no_slot = false;
    while (settings::launcher && launcher->looking < kLooksAtATime && now >= launcher->next_try) {
        AgendaEntry* const entry = next_entry(launcher->agenda, now);
        if (entry == nullptr) {
            break;
        }
        if (!slot_is_free()) {
            launcher->no_slot = true;
            waiting = wanted_at(*entry);
            break;
        }
        if (database_is_wanted(entry->database)) {
            entry->pause = now + kBetweenTries;
            continue;
        }
        if (!send_visit(launcher, entry, now)) {
            break;
        }
    }
    announce_waiting(waiting);
}

// ---- Waiting

// Milliseconds until something is to be done, if nobody wakes the launcher earlier.
long time_to_sleep(const Launcher& launcher, TimestampTz now) {
    TimestampTz until = now + static_cast<int64>(settings::launcher_naptime) * USECS_PER_SEC;
    if (settings::launcher && launcher.looking < kLooksAtATime) {
        TimestampTz const earliest = launcher.no_slot ? now + kBetweenTries : launcher.next_try;
        for (int i = 0; i < launcher.agenda->count; ++i) {
            until = std::min(until, std::max(earliest, possible_at(launcher.agenda->entries[i])));
        }
    }
    if (launcher.looking > 0) {
        until = std::min(until, now + kLongLook);
    }
    return static_cast<long>(std::max<int64>(0, until - now) / kMillisecond + 1);
}

void sleep(const Launcher& launcher, TimestampTz now) {
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                    time_to_sleep(launcher, now), PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
    if (ShutdownRequestPending) {
        // Not 0: the postmaster would not start it again.
        proc_exit(1);
    }
    if (ConfigReloadPending) {
        ConfigReloadPending = false;
        ProcessConfigFile(PGC_SIGHUP);
    }
}

[[noreturn]] void run_launcher() {
    Launcher* const launcher =
        static_cast<Launcher*>(MemoryContextAllocZero(TopMemoryContext, sizeof(Launcher)));
    launcher->agenda = new_agenda();
    for (;;) {
        TimestampTz const now = GetCurrentTimestamp();
        if (now < launcher->refreshed) {
            // The clock was set back: what is planned would wait for its old times.
            launcher->agenda->count = 0;
            launcher->refreshed = 0;
        }
        if (now - launcher->refreshed >= kBetweenTries) {
            refresh_agenda(launcher->agenda, now);
            launcher->refreshed = now;
        }
        hear(launcher, now);
        send_visits(launcher, now);
        pgstat_report_activity(STATE_IDLE, settings::launcher
                                               ? "knowhow: waits until a recommender is due"
                                               : "knowhow: paused by the setting knowhow.launcher");
        sleep(*launcher, now);
    }
}

}  // namespace

void register_launcher() {
    if (IsBinaryUpgrade) {
        return;
    }
    BackgroundWorker worker = {};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = kRestartSeconds;
    strlcpy(worker.bgw_library_name, "knowhow", sizeof worker.bgw_library_name);
    strlcpy(worker.bgw_function_name, "knowhow_launcher", sizeof worker.bgw_function_name);
    strlcpy(worker.bgw_name, "knowhow launcher", sizeof worker.bgw_name);
    strlcpy(worker.bgw_type, "knowhow launcher", sizeof worker.bgw_type);
    RegisterBackgroundWorker(&worker);
}

}  // namespace knowhow::server

using namespace knowhow::server;

extern "C" void knowhow_launcher(Datum) {
    pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGINT, SIG_IGN);  // there is no statement to cancel
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
    release_locks_at_exit();
    become_launcher();
    run_launcher();
}
