// train(): one new model version from the rows that are committed now.
#include "server/border/border.hpp"

extern "C" {
#include <access/xact.h>
#include <executor/spi.h>
#include <storage/lmgr.h>
#include <utils/snapmgr.h>
#include <utils/timestamp.h>
}

#include <cstring>

#include "engine/learn/popularity.hpp"
#include "engine/learn/learner.hpp"
#include "server/catalog/acting.hpp"
#include "server/catalog/model.hpp"
#include "server/catalog/params.hpp"
#include "server/catalog/recommender.hpp"
#include "server/catalog/tables.hpp"
#include "server/module.hpp"
#include "server/progress/progress.hpp"
#include "server/text/parser.hpp"
#include "server/train/read.hpp"
#include "server/train/trained.hpp"
#include "server/train/write.hpp"

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

// Reads everything under one snapshot. Returns the number of rows.
std::int64_t read_all(const Recommender& recommender, Trained* trained) {
    ActingAsOwner const before = act_as_owner(recommender);
    check_bound_relations(recommender);
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    SPI_connect();
    std::int64_t rows = read_interactions(recommender, trained->interactions_builder());
    rows += read_documents(recommender, trained->terms());
    rows += read_labels(recommender, trained->labels());
    SPI_finish();
    PopActiveSnapshot();
    act_as_before(before);
    return rows;
}

// The recommender, locked against changes and other trainings. While it waited for the lock another
// session may have changed it: what counts is the row as it is now.
Recommender* locked_recommender(const char* name) {
    const Recommender* found = find_recommender(name);
    require_owner(*found, "train it");
    bool const locked = lock_recommender(found->id);
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    Recommender* recommender = locked ? recommender_by_id(found->id) : nullptr;
    if (recommender != nullptr) {
        // Until the end nobody drops, renames or retypes what is to be read; then, whether it
        // still is what was bound.
        for (int role = 0; role < kRoles; ++role) {
            if (OidIsValid(recommender->relation(role))) {
                LockRelationOid(recommender->relation(role), AccessShareLock);
            }
        }
        recommender = recommender_by_id(found->id);
    }
    PopActiveSnapshot();
    if (recommender == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("recommender \"%s\" was dropped meanwhile", found->name)));
    }
    require_owner(*recommender, "train it");
    return recommender;
}

// Values of the parameters that the recommender's learner declares, in its order; NULL for an
// algorithm that learns nothing.
const double* learner_parameters(const Recommender& recommender) {
    for (const Learner* learner : learners()) {
        if (learner->name() == recommender.algorithm) {
            double* values = static_cast<double*>(
                palloc(sizeof(double) * learner->parameters().size() + 1));
            int count = 0;
            for (const knowhow::Parameter& parameter : learner->parameters()) {
                values[count++] = param_number(recommender, parameter.name.data());
            }
            return values;
        }
    }
    return nullptr;
}

}  // namespace

// train(recommender text, seed bigint) returns the identifier of the model, now active.
KNOWHOW_FUNCTION(train) {
    PreventCommandIfReadOnly("knowhow.train()");
    PreventCommandIfParallelMode("knowhow.train()");
    PreventCommandDuringRecovery("knowhow.train()");
    const char* name = PG_ARGISNULL(0) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(0));
    std::int64_t const seed = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1);
    Recommender* recommender = locked_recommender(name);
    warn_of_other_text_version(*recommender);
    std::int32_t const model = create_model(*recommender, seed);
    std::int64_t run = 0;
    write_catalog("INSERT INTO knowhow.training_run_catalog "
                  "(recommender_id, model_id, state, started_at) "
                  "VALUES ($1, $2, 'running', pg_catalog.clock_timestamp()) RETURNING run_id",
                  {int4_parameter(recommender->id), int4_parameter(model)}, &run);

    Trained* trained = adopt(CurrentMemoryContext,
                             std::make_unique<Trained>(
                                 static_cast<std::size_t>(settings::max_memory) * 1024));
    progress_begin(recommender->id, run, false);
    progress_resources(settings::threads, 0);
    progress_phase(Phase::kReading, 0);
    std::int64_t const rows = read_all(*recommender, trained);

    Learning learning;
    learning.algorithm = recommender->algorithm;
    learning.parameters = learner_parameters(*recommender);
    learning.targets = static_cast<std::int32_t>(param_number(*recommender, "neighbours"));
    learning.threads = settings::threads;
    learning.seed = static_cast<std::uint64_t>(seed);
    progress_phase(Phase::kLearning, 0);
    trained->learn(learning);

    progress_phase(Phase::kWriting, 0);
    ModelResult result = write_model_rows(model, trained);
    result.text_version = recommender->text_version;
    finish_model(model, result);
    activate_model_row(model);
    prune_models(recommender->id, static_cast<int>(param_number(*recommender, "keep_models")));
    write_catalog("UPDATE knowhow.training_run_catalog SET state = 'succeeded', "
                  "finished_at = pg_catalog.clock_timestamp(), rows_read = $2 "
                  "WHERE run_id OPERATOR(pg_catalog.=) $1",
                  {int8_parameter(run), int8_parameter(rows)});
    progress_end();
    PG_RETURN_INT32(model);
}

}  // namespace knowhow::server
