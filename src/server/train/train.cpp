// train(): one new model version from the rows that are committed now, in the caller's transaction.
#include "server/border/border.hpp"

extern "C" {
#include <utils/timestamp.h>
}

#include <cstring>

#include "server/catalog/model.hpp"
#include "server/catalog/recommender.hpp"
#include "server/catalog/run.hpp"
#include "server/module.hpp"
#include "server/progress/progress.hpp"
#include "server/text/parser.hpp"
#include "server/train/gate.hpp"
#include "server/train/steps.hpp"
#include "server/worker/locks.hpp"

namespace knowhow::server {
namespace {

// What is counted now are terms of another text version than that of coming queries.
void warn_of_other_text_version(const Recommender& recommender) {
    const char* const present = text_version();
    if (recommender.text_version == nullptr || strcmp(recommender.text_version, present) == 0) {
        return;
    }
    ereport(WARNING,
            (errmsg("vectors of recommender \"%s\" may differ from those of its queries",
                    recommender.name),
             errdetail("They were made by %s; this server has %s.", recommender.text_version,
                       present),
             errhint("SELECT knowhow.rebuild_vectors(%s); then train again.",
                     quote_literal_cstr(recommender.name))));
}

// The recommender, locked against changes and other trainings. While it waited for the lock another
// session may have changed it: what counts is the row as it is now.
Recommender* locked_recommender(const char* name) {
    const Recommender* found = find_recommender(name);
    require_owner(*found, "train it");
    lock_training(found->id);
    Recommender* const recommender =
        lock_recommender(found->id) ? recommender_to_read(found->id) : nullptr;
    if (recommender == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("recommender \"%s\" was dropped meanwhile", found->name)));
    }
    require_owner(*recommender, "train it");
    return recommender;
}

double seconds_since(TimestampTz start) {
    return static_cast<double>(GetCurrentTimestamp() - start) / USECS_PER_SEC;
}

// What the gate says before anything is learned from all rows.
GateReport ask_gate(const Recommender& recommender, int64 seed, RunSeconds* seconds) {
    TimestampTz const start = GetCurrentTimestamp();
    Gate* const gate = open_gate(recommender, seed);
    if (gate == nullptr) {
        return {};
    }
    judge(gate);
    GateReport const report = close_gate(gate);
    seconds->compare = seconds_since(start);
    return report;
}

// An error would take back the rows that tell of it.
void refuse(const Recommender& recommender, int64 run, int64 seed, const GateReport& report,
            const RunSeconds& seconds) {
    const ErrorData& refusal = *report.refusal;
    int32 const model = write_refused_model(recommender, seed, report.metrics);
    refuse_run(run, model, seconds, &refusal);
    ereport(WARNING,
            (errcode(refusal.sqlerrcode), errmsg_internal("%s", refusal.message),
             errdetail_internal("%s", refusal.detail), errhint("%s", refusal.hint)));
}

}  // namespace

// train(recommender text, seed bigint) returns the identifier of the model, now active, or NULL
// where the gate refused it.
KNOWHOW_FUNCTION(train) {
    PreventCommandIfReadOnly("knowhow.train()");
    PreventCommandIfParallelMode("knowhow.train()");
    PreventCommandDuringRecovery("knowhow.train()");
    const char* name = PG_ARGISNULL(0) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(0));
    std::int64_t const seed = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1);
    Recommender* recommender = locked_recommender(name);
    warn_of_other_text_version(*recommender);
    close_abandoned_runs();
    int64 const run = queue_run(recommender->id, seed, "train");
    start_run(run);
    progress_begin(recommender->id, run, false);
    progress_resources(settings::threads, 0);

    RunSeconds seconds;
    GateReport const report = ask_gate(*recommender, seed, &seconds);
    if (report.refusal != nullptr) {
        refuse(*recommender, run, seed, report, seconds);
        prune_runs(recommender->id);
        progress_end();
        PG_RETURN_NULL();
    }
    progress_phase(Phase::kReading, 0);
    TimestampTz start = GetCurrentTimestamp();
    Trained* trained = new_trained(CurrentMemoryContext);
    int64 const rows = read_training_rows(*recommender, trained);
    seconds.read = seconds_since(start);

    progress_phase(Phase::kLearning, 0);
    start = GetCurrentTimestamp();
    trained->learn(plan_learning(*recommender, seed));
    seconds.learn = seconds_since(start);

    progress_phase(Phase::kWriting, 0);
    start = GetCurrentTimestamp();
    int32 const model = write_trained_model(*recommender, seed, report.metrics, trained);
    seconds.write = seconds_since(start);
    finish_run(run, model, rows, seconds);
    prune_runs(recommender->id);
    progress_end();
    PG_RETURN_INT32(model);
}

}  // namespace knowhow::server
