#include "server/train/steps.hpp"

extern "C" {
#include <access/xact.h>
#include <executor/spi.h>
#include <storage/lmgr.h>
#include <utils/fmgrprotos.h>
#include <utils/snapmgr.h>
}

#include "engine/learn/learner.hpp"
#include "server/catalog/acting.hpp"
#include "server/catalog/model.hpp"
#include "server/catalog/params.hpp"
#include "server/evaluate/load.hpp"
#include "server/module.hpp"
#include "server/train/read.hpp"
#include "server/train/write.hpp"

namespace knowhow::server {
namespace {

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

// What the weights of signals are found with: all rows once more, with their times. Nothing where
// it would be in vain.
void read_history(const Recommender& recommender, Trained* trained) {
    read_replay(recommender, recommender.algorithm, recommender.params, trained->replay());
    if (!trained->replay()->seek_weights || !learns_matrix(recommender.algorithm)) {
        return;
    }
    const InteractionsBuilder& interactions = *trained->interactions_builder();
    if (interactions.user_count() < kFewestAsked) {
        trained->leave_weights("too few people");
    } else if (static_cast<double>(interactions.row_count()) >
               param_number(recommender, "validation_rows")) {
        trained->leave_weights("too many interactions");
    } else if (!trained->history_fits()) {
        trained->leave_weights("out of memory");
    } else {
        Archive* archive = nullptr;
        engine([&] { archive = trained->keep_history(); });
        load_history(recommender, archive);
    }
}

}  // namespace

Recommender* recommender_to_read(int32 recommender_id) {
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    Recommender* recommender = recommender_by_id(recommender_id);
    if (recommender != nullptr) {
        for (int role = 0; role < kRoles; ++role) {
            if (OidIsValid(recommender->relation(role))) {
                LockRelationOid(recommender->relation(role), AccessShareLock);
            }
        }
        // Now that it stays: whether it still is what was bound.
        recommender = recommender_by_id(recommender_id);
    }
    PopActiveSnapshot();
    return recommender;
}

Learning plan_learning(const Recommender& recommender, int64 seed) {
    Learning learning;
    learning.algorithm = recommender.algorithm;
    learning.parameters = learner_parameters(recommender);
    learning.targets = static_cast<std::int32_t>(param_number(recommender, "neighbours"));
    learning.threads = settings::threads;
    learning.seed = static_cast<std::uint64_t>(seed);
    learning.fading = {param_number(recommender, "trending_half_life"),
                       minute_of(GetCurrentTransactionStartTimestamp())};
    learning.now = GetCurrentTransactionStartTimestamp();
    return learning;
}

int64 read_training_rows(const Recommender& recommender, Trained* trained) {
    ActingAsOwner const before = act_as_owner(recommender);
    check_bound_relations(recommender);
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    SPI_connect();
    int64 rows = read_interactions(recommender, trained);
    rows += read_documents(recommender, trained);
    rows += read_labels(recommender, trained);
    read_history(recommender, trained);
    SPI_finish();
    PopActiveSnapshot();
    act_as_before(before);
    return rows;
}

int32 write_trained_model(const Recommender& recommender, int64 seed, const Jsonb* metrics,
                          Trained* trained) {
    int32 const model = create_model(recommender, seed);
    ModelResult result = write_model_rows(model, trained);
    result.text_version = recommender.text_version;
    if (metrics != nullptr) {
        result.metrics = DatumGetJsonbP(DirectFunctionCall2(
            jsonb_concat, JsonbPGetDatum(result.metrics), JsonbPGetDatum(metrics)));
    }
    finish_model(model, result);
    activate_model_row(model);
    prune_models(recommender.id, static_cast<int>(param_number(recommender, "keep_models")));
    return model;
}

int32 write_refused_model(const Recommender& recommender, int64 seed, const Jsonb* metrics) {
    int32 const model = create_model(recommender, seed);
    refuse_model(model, metrics);
    prune_models(recommender.id, static_cast<int>(param_number(recommender, "keep_models")));
    return model;
}

}  // namespace knowhow::server
