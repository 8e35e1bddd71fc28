#include "server/worker/run.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/namespace.h>
#include <pgstat.h>
#include <portability/instr_time.h>
#include <storage/proc.h>
#include <utils/lsyscache.h>
#include <utils/snapmgr.h>
#include <utils/timeout.h>
#include <utils/timestamp.h>
}

#include <cstring>

#include "server/catalog/model.hpp"
#include "server/catalog/run.hpp"
#include "server/catalog/tables.hpp"
#include "server/module.hpp"
#include "server/progress/progress.hpp"
#include "server/train/gate.hpp"
#include "server/train/steps.hpp"
#include "server/worker/caught.hpp"
#include "server/worker/locks.hpp"
#include "server/worker/worker.hpp"

namespace knowhow::server {
namespace {

// Attempts to record how a run ended: a cancel that was meant for the run may hit the first.
constexpr int kAttempts = 3;

struct Run {
    int64 id;
    Oid catalog;  // after DROP and CREATE EXTENSION the same id may be another run's
    int32 recommender_id;
    int64 seed;
    MemoryContext memory;      // of all that follows; outlives the transactions
    Recommender* recommender;  // as it was when its rows were read, first by the gate
    GateReport gate;
    Learning learning;
    Trained* trained;
    int64 rows;
    RunSeconds seconds;
};

void begin() {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
}

void commit() {
    PopActiveSnapshot();
    CommitTransactionCommand();
    pgstat_report_stat(true);
}

double seconds_since(const instr_time& start) {
    instr_time now;
    INSTR_TIME_SET_CURRENT(now);
    INSTR_TIME_SUBTRACT(now, start);
    return INSTR_TIME_GET_DOUBLE(now);
}

Oid catalog_of_runs() {
    Oid const schema = get_namespace_oid("knowhow", true);
    return OidIsValid(schema) ? get_relname_relid("training_run_catalog", schema) : InvalidOid;
}

[[noreturn]] void recommender_is_gone(const Run& run) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                    errmsg("the recommender of run " INT64_FORMAT " has been dropped", run.id)));
    pg_unreachable();
}

// False: there is no such run any more, or somebody has ended it.
bool start(Run* run) {
    begin();
    run->catalog = catalog_of_runs();
    bool const started =
        OidIsValid(run->catalog) && try_run_lock(run->id) && start_run(run->id);
    if (started) {
        int64 recommender_id = 0;
        write_catalog("SELECT recommender_id FROM knowhow.training_run_catalog WHERE run_id = $1",
                      {int8_parameter(run->id)}, &recommender_id);
        write_catalog("SELECT seed FROM knowhow.training_run_catalog WHERE run_id = $1",
                      {int8_parameter(run->id)}, &run->seed);
        run->recommender_id = static_cast<int32>(recommender_id);
    }
    commit();
    return started;
}

bool same_relations(const Recommender& left, const Recommender& right) {
    for (int role = 0; role < kRoles; ++role) {
        if (left.relation(role) != right.relation(role)) {
            return false;
        }
    }
    return true;
}

bool same_params(const Jsonb* left, const Jsonb* right) {
    return VARSIZE(left) == VARSIZE(right) && memcmp(left, right, VARSIZE(left)) == 0;
}

// What was compared or learned must still be what the recommender asks for.
void require_unchanged(const Recommender& then, const Recommender& now) {
    if (!same_relations(then, now) || strcmp(then.algorithm, now.algorithm) != 0 ||
        !same_params(then.params, now.params)) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("recommender \"%s\" was altered while it was trained", now.name),
                        errdetail("What was learned is of its former relations, algorithm or "
                                  "parameters, and was not kept."),
                        errhint("Train it again.")));
    }
}

// Reads in one transaction, in which the run's recommender is set, and compares after it.
void ask_gate(Run* run) {
    instr_time started;
    INSTR_TIME_SET_CURRENT(started);
    begin();
    MemoryContext const before = MemoryContextSwitchTo(run->memory);
    run->recommender = recommender_to_read(run->recommender_id);
    if (run->recommender == nullptr) {
        recommender_is_gone(*run);
    }
    progress_resources(settings::threads, 0);
    report_activity("knowhow: training %s (run " INT64_FORMAT "), comparing parameters",
                    run->recommender->name, run->id);
    Gate* const gate = open_gate(*run->recommender, run->seed);
    MemoryContextSwitchTo(before);
    commit();
    if (gate == nullptr) {
        return;
    }
    MemoryContextSwitchTo(run->memory);
    judge(gate);
    run->gate = close_gate(gate);
    run->seconds.compare = seconds_since(started);
}

void read(Run* run) {
    instr_time started;
    INSTR_TIME_SET_CURRENT(started);
    progress_phase(Phase::kReading, 0);
    begin();
    MemoryContext const before = MemoryContextSwitchTo(run->memory);
    Recommender* const now = recommender_to_read(run->recommender_id);
    if (now == nullptr) {
        recommender_is_gone(*run);
    }
    if (run->gate.metrics != nullptr) {
        require_unchanged(*run->recommender, *now);
    }
    run->recommender = now;
    run->learning = plan_learning(*run->recommender, run->seed);
    progress_resources(run->learning.threads, 0);
    report_activity("knowhow: training %s (run " INT64_FORMAT "), reading", run->recommender->name,
                    run->id);
    engine([run] { run->trained = new_trained(run->memory); });
    MemoryContextSwitchTo(before);
    run->rows = read_training_rows(*run->recommender, run->trained);
    commit();
    run->seconds.read = seconds_since(started);
}

void learn(Run* run) {
    instr_time started;
    INSTR_TIME_SET_CURRENT(started);
    report_activity("knowhow: training %s (run " INT64_FORMAT "), learning", run->recommender->name,
                    run->id);
    progress_phase(Phase::kLearning, 0);
    MemoryContextSwitchTo(run->memory);
    engine([run] { run->trained->learn(run->learning); });
    run->seconds.learn = seconds_since(started);
}

// A failure a night is worth a line; one every two seconds is not. The 1st, 10th, 100th, ... in a
// row are logged, and how many there were.
void log_failure(const Run& run, const ErrorData* error, int64 failures) {
    int64 power = 1;
    while (power < failures) {
        power *= 10;
    }
    if (power == failures) {
        ereport(LOG,
                (errmsg("training run " INT64_FORMAT " of recommender %d failed: %s", run.id,
                        run.recommender_id, error->message),
                 errdetail("It failed " INT64_FORMAT " times in a row. knowhow.training_runs has "
                           "the rest.",
                           failures),
                 errhidestmt(true), errhidecontext(true)));
    }
}

void write(Run* run) {
    instr_time started;
    INSTR_TIME_SET_CURRENT(started);
    report_activity("knowhow: training %s (run " INT64_FORMAT "), writing", run->recommender->name,
                    run->id);
    progress_phase(Phase::kWriting, 0);
    begin();
    if (catalog_of_runs() != run->catalog || !lock_recommender(run->recommender_id)) {
        recommender_is_gone(*run);
    }
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    const Recommender* const now = recommender_by_id(run->recommender_id);
    PopActiveSnapshot();
    if (now == nullptr) {
        recommender_is_gone(*run);
    }
    require_unchanged(*run->recommender, *now);
    if (run->gate.refusal != nullptr) {
        int32 const refused = write_refused_model(*now, run->seed, run->gate.metrics);
        run->seconds.write = seconds_since(started);
        refuse_run(run->id, refused, run->seconds, run->gate.refusal);
        int64 const failures = failures_in_a_row(run->recommender_id);
        prune_runs(run->recommender_id);
        commit();
        log_failure(*run, run->gate.refusal, failures);
        return;
    }
    int32 const model =
        write_trained_model(*run->recommender, run->seed, run->gate.metrics, run->trained);
    run->seconds.write = seconds_since(started);
    finish_run(run->id, model, run->rows, run->seconds);
    prune_runs(run->recommender_id);
    commit();
}

// Records the error in a transaction of its own. False: nothing is left to record it in.
bool record(const Run& run, const ErrorData* error, bool canceled) {
    begin();
    Oid const catalog = catalog_of_runs();
    bool const recorded = OidIsValid(catalog) &&
                          (!OidIsValid(run.catalog) || run.catalog == catalog) &&
                          fail_run(run.id, run.rows, run.seconds, error, canceled);
    int64 const failures = recorded && !canceled ? failures_in_a_row(run.recommender_id) : 0;
    if (recorded) {
        prune_runs(run.recommender_id);
    }
    commit();
    if (failures > 0) {
        log_failure(run, error, failures);
    }
    return recorded;
}

RunEnd record_end(const Run& run, const ErrorData* error, bool canceled) {
    const ErrorData* problem = nullptr;
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
        bool recorded = false;
        QueryCancelPending = false;
        problem = caught([&] { recorded = record(run, error, canceled); });
        if (problem == nullptr) {
            return !recorded ? RunEnd::kGone : canceled ? RunEnd::kCanceled : RunEnd::kFailed;
        }
    }
    ereport(LOG, (errmsg("training run " INT64_FORMAT " failed: %s", run.id, error->message),
                  errdetail("Recording it failed as well: %s", problem->message)));
    return RunEnd::kFailed;
}

// An error that the watcher caused by a cancel says why.
void explain_cancellation(ErrorData* error) {
    if (error->sqlerrcode == ERRCODE_QUERY_CANCELED && database_is_wanted(MyDatabaseId)) {
        error->message = pstrdup("canceled: the database is being dropped, renamed or copied");
    }
}

}  // namespace

RunEnd run_training(int64 run_id) {
    Run run = {};
    run.id = run_id;
    run.memory = AllocSetContextCreate(TopMemoryContext, "knowhow training", ALLOCSET_DEFAULT_SIZES);
    MemoryContext const before = MemoryContextSwitchTo(run.memory);
    TimestampTz const start_time = GetCurrentTimestamp();
    int const timeout = StatementTimeout;
    if (timeout > 0) {
        enable_timeout_after(STATEMENT_TIMEOUT, timeout);
    }
    bool started = false;
    ErrorData* const error = caught([&] {
        started = start(&run);
        if (started) {
            ask_gate(&run);
            if (run.gate.refusal == nullptr) {
                read(&run);
                learn(&run);
            }
            write(&run);
        }
    });
    disable_timeout(STATEMENT_TIMEOUT, false);
    RunEnd end = !started                       ? RunEnd::kGone
                 : run.gate.refusal != nullptr ? RunEnd::kFailed
                                               : RunEnd::kSucceeded;
    if (error != nullptr) {
        explain_cancellation(error);
        // A run that took too long has failed; one that somebody cancels has not.
        bool const timed_out =
            timeout > 0 && TimestampDifferenceExceeds(start_time, GetCurrentTimestamp(), timeout);
        end = record_end(run, error, error->sqlerrcode == ERRCODE_QUERY_CANCELED && !timed_out);
    }
    progress_end();
    release_training_lock();
    release_slot();
    release_run_lock();
    MemoryContextSwitchTo(before);
    MemoryContextDelete(run.memory);
    pgstat_report_activity(STATE_IDLE, nullptr);
    return end;
}

RunEnd record_early_end(int64 run_id, int32 recommender_id, const ErrorData* error) {
    Run run = {};
    run.id = run_id;
    run.recommender_id = recommender_id;
    ErrorData explained = *error;
    explain_cancellation(&explained);
    return record_end(run, &explained, error->sqlerrcode == ERRCODE_QUERY_CANCELED);
}

}  // namespace knowhow::server
