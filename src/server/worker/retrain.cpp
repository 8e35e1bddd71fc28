// retrain_in_background(): a run in a worker of its own, from plain SQL.
#include "server/border/border.hpp"

extern "C" {
#include <access/xact.h>
#include <miscadmin.h>
#include <postmaster/bgworker.h>
#include <signal.h>
#include <storage/lmgr.h>
#include <tcop/utility.h>
#include <utils/acl.h>
#include <utils/guc.h>
#include <utils/snapmgr.h>
}

#include <cstring>

#include "server/catalog/recommender.hpp"
#include "server/catalog/relation.hpp"
#include "server/catalog/run.hpp"
#include "server/catalog/tables.hpp"
#include "server/progress/progress.hpp"
#include "server/worker/caught.hpp"
#include "server/worker/locks.hpp"
#include "server/worker/run.hpp"
#include "server/worker/watcher.hpp"
#include "server/worker/worker.hpp"

#pragma GCC visibility push(default)
extern "C" void knowhow_run(Datum argument);
#pragma GCC visibility pop

namespace knowhow::server {
namespace {

constexpr int kTryEveryMs = 200;

// What the worker is told.
struct Assignment {
    Oid database;
    TransactionId starter;
    int64 run_id;
    int32 recommender_id;
};
static_assert(sizeof(Assignment) <= BGW_EXTRALEN);

void wait_for_end_of(TransactionId starter) {
    StartTransactionCommand();
    // Theirs to say how long the transaction takes.
    (void)set_config_option("lock_timeout", "0", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true,
                            0, false);
    XactLockTableWait(starter, nullptr, nullptr, XLTW_None);
    CommitTransactionCommand();
}

// Until the transaction that asked for the run has ended. No snapshot is held meanwhile. Returns
// the error that the run is to end with: until then there is no row to record it in, so a cancel
// waits as well. Nobody is kept waiting by that: a transaction alone is in the way of DROP DATABASE.
const ErrorData* wait_for_starter(const Assignment& assignment) {
    const ErrorData* canceled = nullptr;
    for (;;) {
        progress_begin(assignment.recommender_id, assignment.run_id, true);
        report_activity("knowhow: run " INT64_FORMAT " waits for its starter's transaction",
                        assignment.run_id);
        const ErrorData* const error = caught([&] { wait_for_end_of(assignment.starter); });
        if (error == nullptr) {
            return canceled;
        }
        if (error->sqlerrcode != ERRCODE_QUERY_CANCELED) {
            return error;
        }
        canceled = error;
    }
}

// False: the run was rolled back, or the extension is gone.
bool take_run(const Assignment& assignment) {
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    bool const there =
        write_catalog("SELECT 1 FROM knowhow.training_run_catalog WHERE run_id = $1 "
                      "AND state = 'queued'",
                      {int8_parameter(assignment.run_id)}) > 0 &&
        try_run_lock(assignment.run_id);
    PopActiveSnapshot();
    CommitTransactionCommand();
    return there;
}

// One of the places for all databases, and then the recommender for itself: who holds a place and
// waits keeps nobody out who could run.
void wait_for_turn(const Assignment& assignment) {
    report_activity("knowhow: run " INT64_FORMAT " waits for its turn", assignment.run_id);
    for (;;) {
        StartTransactionCommand();
        bool const turn = try_training_lock(assignment.recommender_id);
        CommitTransactionCommand();
        if (turn) {
            if (try_slot()) {
                return;
            }
            release_training_lock();
        }
        worker_sleep(kTryEveryMs);
    }
}

// The owner of a recommender, also of one that cannot be used because something that is bound to
// it has been renamed; invalid where it or its snippets are gone.
Oid owner_of(int32 recommender_id) {
    int64 snippets = 0;
    write_catalog("SELECT snippets::oid::int8 FROM knowhow.recommender_catalog "
                  "WHERE recommender_id = $1",
                  {int4_parameter(recommender_id)}, &snippets);
    Oid const relation = static_cast<Oid>(snippets);
    return relation_exists(relation) ? relation_owner(relation) : InvalidOid;
}

}  // namespace

// retrain_in_background(recommender text, seed bigint) returns the identifier of the run.
KNOWHOW_FUNCTION(retrain_in_background) {
    PreventCommandIfReadOnly("knowhow.retrain_in_background()");
    PreventCommandIfParallelMode("knowhow.retrain_in_background()");
    PreventCommandDuringRecovery("knowhow.retrain_in_background()");
    const char* const name = PG_ARGISNULL(0) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(0));
    int64 const seed = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1);
    const Recommender* const recommender = find_recommender(name);
    require_owner(*recommender, "train it");
    close_abandoned_runs();
    Assignment assignment = {};
    assignment.database = MyDatabaseId;
    assignment.starter = GetTopTransactionId();
    assignment.run_id = queue_run(recommender->id, seed, "background");
    assignment.recommender_id = recommender->id;
    // The name is seen by everybody, also by those who may not read the recommender.
    if (!start_worker("knowhow_run",
                      psprintf("knowhow training run " INT64_FORMAT, assignment.run_id), true,
                      &assignment, sizeof assignment)) {
        ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                        errmsg("no background worker is free for the training"),
                        errhint("Try again later, train in this session by knowhow.train(), or "
                                "raise max_worker_processes (now %d).",
                                max_worker_processes)));
    }
    PG_RETURN_INT64(assignment.run_id);
}

// cancel_training(run_id bigint) returns whether there was something to cancel.
KNOWHOW_FUNCTION(cancel_training) {
    if (PG_ARGISNULL(0)) {
        PG_RETURN_NULL();
    }
    int64 const run_id = PG_GETARG_INT64(0);
    ProgressEntry* entries;
    int const count = progress_entries(&entries);
    for (int i = 0; i < count; ++i) {
        const ProgressEntry& entry = entries[i];
        if (entry.database != MyDatabaseId || entry.run_id != run_id) {
            continue;
        }
        Oid const owner = owner_of(entry.recommender_id);
        if (!superuser() && (!OidIsValid(owner) || !has_privs_of_role(GetUserId(), owner))) {
            ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                            errmsg("must be owner of the recommender of run " INT64_FORMAT
                                   " to cancel it",
                                   run_id),
                            errdetail("Its owner is the owner of its snippets relation.")));
        }
        PG_RETURN_BOOL(kill(entry.pid, SIGINT) == 0);
    }
    PG_RETURN_BOOL(false);
}

}  // namespace knowhow::server

using namespace knowhow::server;

// The worker's main function. What fails before the run has begun is recorded in its row as well.
extern "C" void knowhow_run(Datum) {
    Assignment assignment;
    memcpy(&assignment, MyBgworkerEntry->bgw_extra, sizeof assignment);
    connect_worker(assignment.database);
    progress_begin(assignment.recommender_id, assignment.run_id, true);
    start_watcher();
    MemoryContext const memory =
        AllocSetContextCreate(TopMemoryContext, "knowhow run", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(memory);
    bool taken = false;
    const ErrorData* error = wait_for_starter(assignment);
    if (error == nullptr) {
        error = caught([&] {
            taken = take_run(assignment);
            if (taken) {
                wait_for_turn(assignment);
            }
        });
    }
    if (error != nullptr) {
        record_early_end(assignment.run_id, assignment.recommender_id, error);
    } else if (taken) {
        run_training(assignment.run_id);
    }
}
