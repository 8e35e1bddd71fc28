#include "server/train/gate.hpp"

extern "C" {
#include <access/xact.h>
#include <executor/spi.h>
#include <utils/builtins.h>
#include <utils/float.h>
#include <utils/json.h>
#include <utils/snapmgr.h>
}

#include <cstring>

#include "engine/evaluate/gate.hpp"
#include "server/catalog/acting.hpp"
#include "server/catalog/model.hpp"
#include "server/catalog/params.hpp"
#include "server/evaluate/load.hpp"
#include "server/progress/progress.hpp"

namespace knowhow::server {

struct Gate {
    MemoryContext memory;
    const char* recommender;
    const char* metric;
    double margin;
    int32 old_model;        // 0: none
    const char* not_asked;  // why there is nothing to compare; NULL where there is
    // The new parameters are those of evaluating->replay. Null where nothing is compared.
    Evaluating* evaluating;
    ReplayOptions* older;
    GateResult result;
};

namespace {

constexpr std::size_t kK = 10;
constexpr double kTestShare = .2;

bool trains_a_model(const char* algorithm) {
    return std::any_of(learners().begin(), learners().end(),
                       [=](const Learner* learner) { return learner->name() == algorithm; });
}

// Both algorithms are the same learner.
bool same_parameters(const Learner& learner, const Jsonb* left, const Jsonb* right) {
    for (const knowhow::Parameter& parameter : learner.parameters()) {
        const char* const name = parameter.name.data();
        if (param_number(left, name) != param_number(right, name)) {
            return false;
        }
    }
    return param_number(left, "neighbours") == param_number(right, "neighbours");
}

// Why there is nothing to compare, or NULL.
const char* nothing_to_ask(const Recommender& recommender, const Model* active) {
    if (active == nullptr) {
        return "there is no active model";
    }
    for (const char* algorithm : {recommender.algorithm, active->algorithm}) {
        if (!trains_a_model(algorithm)) {
            return psprintf("%s trains no model", algorithm);
        }
    }
    if (strcmp(recommender.algorithm, active->algorithm) == 0) {
        const Learner* learner = nullptr;
        engine([&] { learner = &find_learner(active->algorithm); });
        if (same_parameters(*learner, recommender.params, active->params)) {
            return "the parameters are those of the active model";
        }
    }
    return nullptr;
}

void read(const Recommender& recommender, const Model& active, int64 seed, Gate* gate) {
    Evaluating* evaluating = nullptr;
    ReplayOptions* older = nullptr;
    engine([&] {
        evaluating = adopt(CurrentMemoryContext,
                           std::make_unique<Evaluating>(Evaluating::Of::kTraining));
        older = adopt(CurrentMemoryContext, std::make_unique<ReplayOptions>());
    });
    EvaluationOptions* const options = &evaluating->options;
    options->split = Split::kReplay;
    options->test_share = kTestShare;
    options->retrain_every = kLater;  // one model each, of what was before the cut
    options->seed = static_cast<std::uint64_t>(seed);
    options->most_questions =
        static_cast<std::size_t>(param_number(recommender, "gate_questions"));
    engine([=] { options->k.push_back(kK); });
    read_options(recommender, evaluating);
    read_replay(recommender, active.algorithm, active.params, older);
    evaluating->replay.fit.seed = older->fit.seed = options->seed;
    ActingAsOwner const before = act_as_owner(recommender);
    check_bound_relations(recommender);
    SPI_connect();
    load(recommender, evaluating);
    SPI_finish();
    act_as_before(before);
    gate->evaluating = evaluating;
    gate->older = older;
}

const char* verdict_text(const Gate& gate) {
    if (gate.not_asked != nullptr) {
        return "not compared";
    }
    switch (gate.result.verdict) {
        case Verdict::kPassed:
            return "passed";
        case Verdict::kRefused:
            return "refused";
        case Verdict::kNotEnoughEvidence:
            break;
    }
    return "not enough evidence";
}

const Jsonb* metrics_of(const Gate& gate) {
    StringInfoData json;
    initStringInfo(&json);
    appendStringInfo(&json, "{\"gate\": {\"verdict\": \"%s\", \"metric\": \"%s\", \"k\": %zu, "
                            "\"margin\": %s",
                     verdict_text(gate), gate.metric, kK, float8out_internal(gate.margin));
    if (gate.old_model != 0) {
        appendStringInfo(&json, ", \"old_model\": %d", gate.old_model);
    }
    const GateResult& result = gate.result;
    if (gate.not_asked != nullptr) {
        appendStringInfoString(&json, ", \"reason\": ");
        escape_json(&json, gate.not_asked);
    } else {
        appendStringInfo(&json, ", \"people\": " INT64_FORMAT ", \"questions\": %zu",
                         static_cast<int64>(result.people), result.questions);
        if (result.verdict != Verdict::kNotEnoughEvidence) {
            appendStringInfo(&json,
                             ", \"new\": %s, \"old\": %s, \"difference\": %s, \"low\": %s, "
                             "\"high\": %s",
                             float8out_internal(result.newer), float8out_internal(result.older),
                             float8out_internal(result.difference.mean),
                             float8out_internal(result.difference.low),
                             float8out_internal(result.difference.high));
        }
    }
    appendStringInfoString(&json, "}}");
    return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

const ErrorData* refusal_of(const Gate& gate) {
    const GateResult& result = gate.result;
    ErrorData* const error = static_cast<ErrorData*>(palloc0(sizeof(ErrorData)));
    error->sqlerrcode = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
    error->message = psprintf("the new parameters of recommender \"%s\" are worse than those of "
                              "model %d, which goes on serving",
                              gate.recommender, gate.old_model);
    error->detail = psprintf("By %s at %zu they would change %.4f by %.4f (95 %% interval %.4f to %.4f) "
                             "over " INT64_FORMAT " people; gate_margin is %g.",
                             gate.metric, kK, result.older, result.difference.mean,
                             result.difference.low, result.difference.high,
                             static_cast<int64>(result.people), gate.margin);
    error->hint = psprintf("Set them back, or let them pass: SELECT knowhow.alter_recommender(%s, "
                           "params => '{\"gate\": \"off\"}'); then train again.",
                           quote_literal_cstr(gate.recommender));
    return error;
}

}  // namespace

Gate* open_gate(const Recommender& recommender, int64 seed) {
    const char* const metric = param_choice(recommender, "gate");
    if (strcmp(metric, "off") == 0) {
        return nullptr;
    }
    MemoryContext const memory =
        AllocSetContextCreate(CurrentMemoryContext, "knowhow gate", ALLOCSET_DEFAULT_SIZES);
    MemoryContext const before = MemoryContextSwitchTo(memory);
    Gate* const gate = static_cast<Gate*>(palloc0(sizeof(Gate)));
    gate->memory = memory;
    gate->recommender = recommender.name;
    gate->metric = metric;
    gate->margin = param_number(recommender, "gate_margin");
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    const Model* const active = active_model(recommender.id);
    gate->old_model = active == nullptr ? 0 : active->id;
    gate->not_asked = nothing_to_ask(recommender, active);
    if (gate->not_asked == nullptr) {
        progress_phase(Phase::kComparing, 0);
        read(recommender, *active, seed, gate);
    }
    PopActiveSnapshot();
    MemoryContextSwitchTo(before);
    return gate;
}

void judge(Gate* gate) {
    if (gate->not_asked != nullptr) {
        return;
    }
    engine([=] {
        Evaluating& evaluating = *gate->evaluating;
        gate->result = run_gate(evaluating.archive, evaluating.replay, *gate->older,
                                evaluating.options, gate->metric, gate->margin, evaluating.monitor,
                                evaluating.budget);
    });
}

GateReport close_gate(Gate* gate) {
    GateReport report = {};
    report.metrics = metrics_of(*gate);
    if (gate->not_asked == nullptr && gate->result.verdict == Verdict::kRefused) {
        report.refusal = refusal_of(*gate);
    }
    MemoryContextDelete(gate->memory);
    return report;
}

}  // namespace knowhow::server
