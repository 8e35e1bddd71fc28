#include "server/worker/shared_state.hpp"

extern "C" {
#include <access/xact.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/lwlock.h>
#include <storage/shmem.h>
}

#include <cstring>

namespace knowhow::server {
namespace {

constexpr const char* kName = "knowhow launcher";

struct SharedState {
    LWLock* lock;
    Latch* launcher;  // NULL: none runs
    TimestampTz waiting_since;
    uint64 reports;
    Visit visits[kMaxVisits];
    int wakes;  // kMaxWakes + 1: all databases
    Oid wake[kMaxWakes];
};

SharedState* shared = nullptr;
shmem_request_hook_type next_request_hook = nullptr;
shmem_startup_hook_type next_startup_hook = nullptr;

// The place of this process, where it is a visit.
Visit* mine = nullptr;

// What wake_launcher() asked for in this transaction.
Oid database_to_wake = InvalidOid;

void request() {
    if (next_request_hook != nullptr) {
        next_request_hook();
    }
    RequestAddinShmemSpace(MAXALIGN(sizeof(SharedState)));
    RequestNamedLWLockTranche(kName, 1);
}

// In the postmaster, at the start and after each crash.
void start_up() {
    if (next_startup_hook != nullptr) {
        next_startup_hook();
    }
    bool found;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    shared = static_cast<SharedState*>(ShmemInitStruct(kName, sizeof(SharedState), &found));
    if (!found) {
        memset(shared, 0, sizeof *shared);
        shared->lock = &GetNamedLWLockTranche(kName)->lock;
        shared->waiting_since = DT_NOEND;
    }
    LWLockRelease(AddinShmemInitLock);
}

// With the lock held.
void wake_up() {
    if (shared->launcher != nullptr) {
        SetLatch(shared->launcher);
    }
}

void enter_state(VisitState state) {
    mine->state = state;
    mine->since = GetCurrentTimestamp();
}

void report(TimestampTz due) {
    mine->report = ++shared->reports;
    mine->reported = true;
    mine->due = due;
}

void resign(int, Datum) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    if (shared->launcher == MyLatch) {
        shared->launcher = nullptr;
    }
    LWLockRelease(shared->lock);
}

void at_end_of_transaction(XactEvent event, void*) {
    if (!OidIsValid(database_to_wake)) {
        return;
    }
    if (event == XACT_EVENT_COMMIT) {
        LWLockAcquire(shared->lock, LW_EXCLUSIVE);
        bool known = shared->wakes > kMaxWakes;
        for (int i = 0; i < shared->wakes && !known; ++i) {
            known = shared->wake[i] == database_to_wake;
        }
        if (!known) {
            if (shared->wakes < kMaxWakes) {
                shared->wake[shared->wakes] = database_to_wake;
            }
            ++shared->wakes;
        }
        wake_up();
        LWLockRelease(shared->lock);
    }
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) {
        database_to_wake = InvalidOid;
    }
}

}  // namespace

void request_shared_state() {
    next_request_hook = shmem_request_hook;
    shmem_request_hook = request;
    next_startup_hook = shmem_startup_hook;
    shmem_startup_hook = start_up;
}

void become_launcher() {
    before_shmem_exit(resign, static_cast<Datum>(0));
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    shared->launcher = MyLatch;
    LWLockRelease(shared->lock);
}

void take_news(News* news) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    memcpy(news->visits, shared->visits, sizeof news->visits);
    for (Visit& visit : shared->visits) {
        visit.reported = false;
        if (visit.state == VisitState::kLeft) {
            visit.state = VisitState::kFree;
        }
    }
    news->wakes = shared->wakes;
    memcpy(news->wake, shared->wake, sizeof news->wake);
    shared->wakes = 0;
    LWLockRelease(shared->lock);
}

int new_visit(Oid database, uint32* generation) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    int place = 0;
    while (place < kMaxVisits && shared->visits[place].state != VisitState::kFree) {
        ++place;
    }
    if (place < kMaxVisits) {
        Visit& visit = shared->visits[place];
        uint32 const next = visit.generation + 1;
        visit = {};
        visit.state = VisitState::kStarting;
        visit.generation = next;
        visit.database = database;
        visit.since = GetCurrentTimestamp();
        visit.due = DT_NOEND;
        *generation = next;
    }
    LWLockRelease(shared->lock);
    return place < kMaxVisits ? place : -1;
}

bool give_up_visit(int visit) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    Visit* const place = &shared->visits[visit];
    bool const absent = place->state == VisitState::kStarting;
    if (absent) {
        place->state = VisitState::kFree;
        ++place->generation;
    }
    LWLockRelease(shared->lock);
    return absent;
}

void announce_waiting(TimestampTz since) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    shared->waiting_since = since;
    LWLockRelease(shared->lock);
}

bool arrive(int visit, uint32 generation) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    Visit* const place = &shared->visits[visit];
    bool const expected = place->state == VisitState::kStarting && place->generation == generation;
    if (expected) {
        mine = place;
        enter_state(VisitState::kLooking);
    }
    LWLockRelease(shared->lock);
    return expected;
}

void report_visit(VisitState state, TimestampTz due) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    enter_state(state);
    report(due);
    wake_up();
    LWLockRelease(shared->lock);
}

void leave(const Ending& ending) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    enter_state(VisitState::kLeft);
    mine->failed = ending.failed;
    strlcpy(mine->error, ending.error, sizeof mine->error);
    if (!ending.failed) {
        report(ending.due);
    }
    wake_up();
    LWLockRelease(shared->lock);
}

TimestampTz waiting_since() {
    LWLockAcquire(shared->lock, LW_SHARED);
    TimestampTz const since = shared->waiting_since;
    LWLockRelease(shared->lock);
    return since;
}

void wake_launcher(Oid database) {
    static bool registered = false;
    if (shared == nullptr) {
        return;
    }
    if (!registered) {
        RegisterXactCallback(at_end_of_transaction, nullptr);
        registered = true;
    }
    database_to_wake = database;
}

}  // namespace knowhow::server
