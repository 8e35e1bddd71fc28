// A visit: a process that connects to one database, looks which recommenders are due there, trains
// them one after the other, each at most once, and leaves. Where nothing is due, or the extension
// is not installed, that takes milliseconds.
#include "server/worker/visit.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/dependency.h>
#include <catalog/pg_proc.h>
#include <commands/extension.h>
#include <executor/spi.h>
#include <nodes/value.h>
#include <parser/parse_func.h>
#include <postmaster/interrupt.h>
#include <storage/ipc.h>
#include <utils/guc.h>
#include <utils/snapmgr.h>
#include <utils/timestamp.h>
}

#include <algorithm>
#include <cstring>

#include "server/catalog/run.hpp"
#include "server/catalog/schedule.hpp"
#include "server/module.hpp"
#include "server/progress/progress.hpp"
#include "server/worker/caught.hpp"
#include "server/worker/locks.hpp"
#include "server/worker/run.hpp"
#include "server/worker/shared_state.hpp"
#include "server/worker/watcher.hpp"
#include "server/worker/worker.hpp"

#pragma GCC visibility push(default)
extern "C" void knowhow_visit(Datum argument);
#pragma GCC visibility pop

namespace knowhow::server {
namespace {

// After this time a visit gives way to a database that has waited longer than its own next
// recommender; before, leaving and coming again would cost more than it is worth.
constexpr int kGiveWayAfterMs = 1000;

struct Assignment {
    Oid database;
    int place;
    uint32 generation;
};
static_assert(sizeof(Assignment) <= BGW_EXTRALEN);

// What the launcher hears when the process ends, however it ends.
Ending ending = {true, "", DT_NOEND};

void copy_error(const char* message) {
    ending.failed = true;
    strlcpy(ending.error, message == nullptr ? "" : message, sizeof ending.error);
}

// ---- Connecting

// A database that was dropped a moment ago, or to which nobody can connect, is no news for the log
// each time: the launcher tells it, and seldom.
bool connecting = false;
emit_log_hook_type next_log_hook = nullptr;

void keep_failed_connection_quiet(ErrorData* error) {
    if (connecting && error->elevel == FATAL && error->sqlerrcode != ERRCODE_ADMIN_SHUTDOWN) {
        copy_error(error->message);
        error->output_to_server = false;
        // With another code the postmaster would log the end of the process.
        on_proc_exit([](int, Datum) { proc_exit(0); }, static_cast<Datum>(0));
    } else if (next_log_hook != nullptr) {
        next_log_hook(error);
    }
}

void connect_quietly(Oid database) {
    next_log_hook = emit_log_hook;
    emit_log_hook = keep_failed_connection_quiet;
    connecting = true;
    connect_worker(database);
    connecting = false;
}

// ---- Looking

struct DueRecommender {
    int32 recommender_id;
    const char* cause;
    TimestampTz due;
};

struct DueList {
    DueRecommender* recommenders;  // the earliest first
    int count;
    TimestampTz next;  // when time alone makes another one due; DT_NOEND: never
};

// What the schedule calls, each a member of the extension: the schema alone says nothing about who
// has made a function in it.
bool schedule_is_there() {
    Oid const extension = get_extension_oid("knowhow", true);
    if (!OidIsValid(extension)) {
        return false;
    }
    for (const char* name : {"due_recommenders", "next_due_at", "schedule_now"}) {
        List* const path = list_make2(makeString(pstrdup("knowhow")), makeString(pstrdup(name)));
        Oid const function = LookupFuncName(path, -1, nullptr, true);
        if (!OidIsValid(function) ||
            getExtensionOfObject(ProcedureRelationId, function) != extension) {
            return false;
        }
    }
    return true;
}

Datum column(uint64 row, int number, bool* null) {
    return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, null);
}

// A time of the schedule's clock in that column, as one of the server's.
TimestampTz server_time(uint64 row, int number, TimestampTz otherwise) {
    bool null;
    TimestampTz const time = DatumGetTimestampTz(column(row, number, &null));
    return null || TIMESTAMP_NOT_FINITE(time) ? otherwise : server_time_of(time);
}

void query(const char* statement) {
    if (SPI_execute(statement, false, 0) != SPI_OK_SELECT) {
        elog(ERROR, "unexpected result of %s", statement);
    }
}

// In the memory context of the caller. Sees what is committed now.
DueList due_list() {
    MemoryContext const memory = CurrentMemoryContext;
    DueList list = {};
    SPI_connect();
    // In this order: what becomes due in between is in both.
    query("SELECT knowhow.next_due_at(knowhow.schedule_now())");
    list.next = SPI_processed > 0 ? server_time(0, 1, DT_NOEND) : DT_NOEND;
    query("SELECT recommender_id, cause, due_at FROM knowhow.due_recommenders()");
    list.count = static_cast<int>(SPI_processed);
    list.recommenders = static_cast<DueRecommender*>(MemoryContextAllocHuge(
        memory, sizeof(DueRecommender) * (static_cast<Size>(list.count) + 1)));
    for (int i = 0; i < list.count; ++i) {
        uint64 const row = static_cast<uint64>(i);
        bool null;
        DueRecommender* const due = &list.recommenders[i];
        due->recommender_id = DatumGetInt32(column(row, 1, &null));
        due->cause = MemoryContextStrdup(memory, TextDatumGetCString(column(row, 2, &null)));
        due->due = server_time(row, 3, GetCurrentTimestamp());
    }
    SPI_finish();
    return list;
}

const DueRecommender* find_due(const DueList& list, int32 recommender_id) {
    for (int i = 0; i < list.count; ++i) {
        if (list.recommenders[i].recommender_id == recommender_id) {
            return &list.recommenders[i];
        }
    }
    return nullptr;
}

// ---- Choosing

struct VisitPlan {
    TimestampTz began;
    int32* trained;  // by this visit, in TopMemoryContext
    int trained_count;
    int trained_room;
    // The next run; 0: none.
    int32 recommender_id;
    int64 run_id;
    // When the first of those is due that this run does not train.
    TimestampTz due;
};

bool was_trained(const VisitPlan& plan, int32 recommender_id) {
    int32* const end = plan.trained + plan.trained_count;
    return std::find(plan.trained, end, recommender_id) != end;
}

void note_trained(VisitPlan* plan, int32 recommender_id) {
    if (plan->trained_count == plan->trained_room) {
        plan->trained_room *= 2;
        plan->trained = static_cast<int32*>(
            repalloc(plan->trained, sizeof(int32) * static_cast<Size>(plan->trained_room)));
    }
    plan->trained[plan->trained_count++] = recommender_id;
}

bool should_go_on(const VisitPlan& plan, const DueRecommender& next) {
    if (!settings::launcher) {
        return false;
    }
    return plan.trained_count == 0 || waiting_since() >= next.due ||
           !TimestampDifferenceExceeds(plan.began, GetCurrentTimestamp(), kGiveWayAfterMs);
}

// Whether it can be trained by this process now: then its run is queued, and its locks are held.
bool take(VisitPlan* plan, const DueRecommender& due) {
    // Another visit may have trained it since the list was made, but from here nobody can.
    DueList const now = due_list();
    const DueRecommender* const still = find_due(now, due.recommender_id);
    if (still == nullptr) {
        return false;
    }
    int64 const run_id = queue_run(due.recommender_id, 0, still->cause);
    if (!try_run_lock(run_id)) {
        return false;
    }
    plan->recommender_id = due.recommender_id;
    plan->run_id = run_id;
    return true;
}

void choose(VisitPlan* plan) {
    DueList const list = due_list();
    bool go_on = true;
    plan->due = list.next;
    for (int i = 0; i < list.count; ++i) {
        const DueRecommender& due = list.recommenders[i];
        if (plan->run_id == 0 && go_on && !was_trained(*plan, due.recommender_id)) {
            go_on = should_go_on(*plan, due);
            if (go_on) {
                if (!try_training_lock(due.recommender_id)) {
                    continue;  // somebody trains it
                }
                go_on = try_slot();
                if (go_on && take(plan, due)) {
                    continue;
                }
                release_slot();
                release_training_lock();
            }
        }
        plan->due = std::min(plan->due, due.due);
    }
}

// False: it failed, and `ending` says how.
template <typename Body>
bool in_transaction(Body body) {
    const ErrorData* const error = caught([&body] {
        SetCurrentStatementStartTimestamp();
        StartTransactionCommand();
        // Whoever holds a lock on the catalogue is waited for by the next visit, not by this one.
        (void)set_config_option("lock_timeout", "1s", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
                                true, 0, false);
        PushActiveSnapshot(GetTransactionSnapshot());
        body();
        PopActiveSnapshot();
        CommitTransactionCommand();
    });
    if (error != nullptr) {
        copy_error(error->message);
    }
    return error == nullptr;
}

void leave_in_peace(TimestampTz due) {
    ending.failed = false;
    ending.due = due;
}

// False: there is nothing to do here.
bool look_around(bool* installed) {
    *installed = false;
    return in_transaction([installed] {
        *installed = schedule_is_there();
        if (*installed) {
            close_abandoned_runs();
        }
    });
}

void visit() {
    report_activity("knowhow: looks for recommenders that are due");
    bool installed;
    if (!look_around(&installed)) {
        return;
    }
    if (!installed) {
        ereport(DEBUG1, (errmsg_internal("knowhow has no schedule in this database")));
        leave_in_peace(DT_NOEND);
        return;
    }
    VisitPlan plan = {};
    plan.began = GetCurrentTimestamp();
    plan.trained_room = 16;
    plan.trained = static_cast<int32*>(
        MemoryContextAlloc(TopMemoryContext, sizeof(int32) * static_cast<Size>(plan.trained_room)));
    for (;;) {
        plan.run_id = 0;
        if (!in_transaction([&plan] { choose(&plan); })) {
            return;
        }
        if (plan.run_id == 0) {
            leave_in_peace(plan.due);
            return;
        }
        report_visit(VisitState::kTraining, plan.due);
        progress_begin(plan.recommender_id, plan.run_id, true);
        start_watcher();
        if (run_training(plan.run_id) == RunEnd::kCanceled) {
            // Perhaps because the database is to be dropped.
            leave_in_peace(GetCurrentTimestamp());
            return;
        }
        note_trained(&plan, plan.recommender_id);
        report_activity("knowhow: looks for recommenders that are due");
        worker_sleep(0);  // settings may have changed
    }
}

}  // namespace

BackgroundWorkerHandle* start_visit(Oid database, int place, uint32 generation) {
    Assignment const assignment = {database, place, generation};
    BackgroundWorkerHandle* handle;
    return start_worker("knowhow_visit", "knowhow visit", true, &assignment, sizeof assignment,
                        &handle)
               ? handle
               : nullptr;
}

}  // namespace knowhow::server

using namespace knowhow::server;

extern "C" void knowhow_visit(Datum) {
    Assignment assignment;
    memcpy(&assignment, MyBgworkerEntry->bgw_extra, sizeof assignment);
    if (!arrive(assignment.place, assignment.generation)) {
        return;
    }
    before_shmem_exit([](int, Datum) { leave(ending); }, static_cast<Datum>(0));
    connect_quietly(assignment.database);
    visit();
}
