// tune(): a fixed grid of parameters, tried on the validation stretch, and logged.
#include "server/border/border.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <funcapi.h>
#include <lib/stringinfo.h>
#include <portability/instr_time.h>
#include <storage/lmgr.h>
#include <tcop/utility.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/float.h>
#include <utils/snapmgr.h>
#include <utils/timestamp.h>
#include <utils/tuplestore.h>
}

#include <algorithm>
#include <cstring>

#include "engine/evaluate/grid.hpp"
#include "engine/evaluate/part.hpp"
#include "server/catalog/acting.hpp"
#include "server/catalog/model.hpp"
#include "server/catalog/params.hpp"
#include "server/catalog/tables.hpp"
#include "server/evaluate/load.hpp"
#include "server/progress/progress.hpp"
#include "server/train/steps.hpp"

namespace knowhow::server {
namespace {

constexpr int kLargestK = 1000;
constexpr int kMostQuestions = 1000000;

struct Trial {
    const Learner* learner;
    ParameterValues values;
    std::vector<PersonValues> people;  // of the first trial alone once the next has begun
    double value = 0;
    Difference difference{};  // from the first trial
    std::int64_t asked = 0;   // people
    double seconds = 0;
    std::int64_t tried_at = 0;
};

// Everything that one tuning holds; owned by a memory context.
struct Tuning {
    Evaluating evaluating{Evaluating::Of::kTraining};
    Stretch validation;
    std::int64_t test_cut = 0;
    std::vector<Trial> trials;
    std::size_t best = 0;
};

[[noreturn]] void out_of_range(const char* what, const char* range, const char* value) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("%s must be %s, not %s", what, range, value)));
    pg_unreachable();
}

double share_argument(FunctionCallInfo fcinfo, int n, const char* name) {
    double const share = PG_GETARG_FLOAT8(n);
    if (!(share > 0 && share < 1)) {
        out_of_range(name, "above 0 and below 1", psprintf("%g", share));
    }
    return share;
}

int32 number_argument(FunctionCallInfo fcinfo, int n, const char* name, int32 most) {
    int32 const number = PG_GETARG_INT32(n);
    if (number < 1 || number > most) {
        out_of_range(name, psprintf("between 1 and %d", most), psprintf("%d", number));
    }
    return number;
}

void require_arguments(FunctionCallInfo fcinfo) {
    for (int n = 2; n <= 8; ++n) {
        if (PG_ARGISNULL(n)) {
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("metric, k, test_share, validation_share, questions, seed and "
                                   "apply must not be null")));
        }
    }
}

void read_tuning_options(FunctionCallInfo fcinfo, const char* metric, EvaluationOptions* options) {
    int32 const k = number_argument(fcinfo, 3, "k", kLargestK);
    options->test_share = share_argument(fcinfo, 4, "test_share");
    options->validation_share = share_argument(fcinfo, 5, "validation_share");
    options->most_questions =
        static_cast<std::size_t>(number_argument(fcinfo, 6, "questions", kMostQuestions));
    options->seed = static_cast<std::uint64_t>(PG_GETARG_INT64(7));
    options->retrain_every = kLater;  // one model a trial
    engine([=] {
        options->k.push_back(static_cast<std::size_t>(k));
        // An unknown metric shows before the work, not after it.
        values_of_people({}, metric, *options);
    });
}

// The algorithms to try, each once: those named, or the recommender's own.
const char** algorithms_argument(FunctionCallInfo fcinfo, const Recommender& recommender,
                                 int* count) {
    Datum* names;
    bool* nulls;
    int named = 0;
    if (!PG_ARGISNULL(1)) {
        deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &names,
                          &nulls, &named);
        if (named == 0) {
            out_of_range("algorithms", "at least one name", "an empty array");
        }
    }
    const char** const algorithms = static_cast<const char**>(
        palloc(sizeof(char*) * static_cast<std::size_t>(named + 1)));
    *count = 0;
    if (named == 0) {
        algorithms[(*count)++] = recommender.algorithm;
    }
    for (int i = 0; i < named; ++i) {
        if (nulls[i]) {
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("algorithms must not contain a null value")));
        }
        const char* const algorithm = TextDatumGetCString(names[i]);
        check_algorithm(algorithm);
        if (std::none_of(algorithms, algorithms + *count, [=](const char* earlier) {
                return strcmp(earlier, algorithm) == 0;
            })) {
            algorithms[(*count)++] = algorithm;
        }
    }
    return algorithms;
}

void require_learner(const char* algorithm, const ReplayOptions& replay) {
    if (replay.learner == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("algorithm \"%s\" cannot be tuned: it learns nothing", algorithm),
                        errhint("Name others in algorithms.")));
    }
}

// Trial 0 is what the recommender has; of other algorithms, their present or default parameters
// come before their grid.
void plan_trials(const Recommender& recommender, const char* const* algorithms, int count,
                 Tuning* tuning) {
    Evaluating* const evaluating = &tuning->evaluating;
    read_options(recommender, evaluating);
    evaluating->replay.fit.seed = evaluating->options.seed;
    // Trials differ in what is learned: their weights are those of the params.
    evaluating->replay.seek_weights = false;
    require_learner(recommender.algorithm, evaluating->replay);
    engine([=] {
        tuning->trials.push_back(
            {evaluating->replay.learner, evaluating->replay.learner_parameters});
    });
    for (int i = 0; i < count; ++i) {
        ReplayOptions* replay = nullptr;
        engine([&] { replay = adopt(CurrentMemoryContext, std::make_unique<ReplayOptions>()); });
        read_replay(recommender, algorithms[i], recommender.params, replay);
        require_learner(algorithms[i], *replay);
        engine([=] {
            if (replay->learner != evaluating->replay.learner) {
                tuning->trials.push_back({replay->learner, replay->learner_parameters});
            }
            for (ParameterValues& values : grid_around(*replay->learner,
                                                       replay->learner_parameters)) {
                tuning->trials.push_back({replay->learner, std::move(values)});
            }
        });
    }
}

void load_as_owner(const Recommender& recommender, Tuning* tuning) {
    ActingAsOwner const before = act_as_owner(recommender);
    check_bound_relations(recommender);
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    SPI_connect();
    load(recommender, &tuning->evaluating);
    SPI_finish();
    PopActiveSnapshot();
    act_as_before(before);
    engine([=] {
        const Evaluating& evaluating = tuning->evaluating;
        tuning->validation = stretch_of(evaluating.archive, evaluating.options);
        EvaluationOptions test = evaluating.options;
        test.validation_share = 0;
        tuning->test_cut = stretch_of(evaluating.archive, test).cut;
    });
    if (tuning->validation.pairs.empty()) {
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("recommender \"%s\" cannot be tuned: nothing was met with a time before "
                        "the test's stretch",
                        recommender.name),
                 errhint("It takes interactions with occurred_at and a positive weight.")));
    }
}

// Engine code.
void run_trial(Tuning& tuning, std::size_t index, const char* metric) {
    Evaluating& evaluating = tuning.evaluating;
    Trial& trial = tuning.trials[index];
    evaluating.replay.learner = trial.learner;
    evaluating.replay.learner_parameters = trial.values;
    PartOf part(evaluating.monitor, static_cast<std::int64_t>(index),
                static_cast<std::int64_t>(tuning.trials.size()));
    trial.people = values_of_people(ask_all(evaluating.archive, evaluating.replay,
                                            evaluating.options, part, evaluating.budget),
                                    metric, evaluating.options);
    double sum = 0;
    for (const PersonValues& person : trial.people) {
        sum += person.values.front();
    }
    trial.asked = static_cast<std::int64_t>(trial.people.size());
    trial.value = sum / static_cast<double>(trial.people.size());
    const std::vector<PersonValues> both[] = {trial.people, tuning.trials[0].people};
    trial.difference = compare_all(both, evaluating.options.k).front().difference;
    if (index > 0) {
        trial.people.clear();
    }
    if (trial.value > tuning.trials[tuning.best].value) {
        tuning.best = index;
    }
}

// The values of the parameters that have a grid.
const Jsonb* tuned_params(const Trial& trial) {
    StringInfoData json;
    initStringInfo(&json);
    for (std::size_t i = 0; i < trial.values.size(); ++i) {
        if (!trial.learner->parameters()[i].grid.empty()) {
            appendStringInfo(&json, "%s\"%s\": %s", json.len == 0 ? "" : ", ",
                             trial.values[i].first.c_str(),
                             float8out_internal(trial.values[i].second));
        }
    }
    return DatumGetJsonbP(
        DirectFunctionCall1(jsonb_in, CStringGetDatum(psprintf("{%s}", json.data))));
}

void apply_trial(const Recommender& recommender, const Trial& trial) {
    if (!lock_recommender(recommender.id)) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("recommender \"%s\" was dropped meanwhile", recommender.name)));
    }
    write_catalog(
        "UPDATE knowhow.recommender_catalog SET algorithm = $2, params = params || $3 "
        "WHERE recommender_id = $1",
        {int4_parameter(recommender.id), text_parameter(trial.learner->name().data()),
         jsonb_parameter(tuned_params(trial))});
}

// Logs and returns the trials.
void put_trials(const Recommender& recommender, const Tuning& tuning, const char* metric,
                bool applied, ReturnSetInfo* result) {
    int64 tuning_id = 0;
    write_catalog("SELECT nextval('knowhow.tuning_id_seq')", {}, &tuning_id);
    for (std::size_t i = 0; i < tuning.trials.size(); ++i) {
        const Trial& trial = tuning.trials[i];
        const EvaluationOptions& options = tuning.evaluating.options;
        bool const best = i == tuning.best;
        const Jsonb* const params = tuned_params(trial);
        const char* const algorithm = trial.learner->name().data();
        auto const real = [](double value) { return Parameter{FLOAT8OID, Float8GetDatum(value)}; };
        auto const truth = [](bool value) { return Parameter{BOOLOID, BoolGetDatum(value)}; };
        auto const time = [](std::int64_t value) {
            return Parameter{TIMESTAMPTZOID, TimestampTzGetDatum(value)};
        };
        write_catalog(
            "INSERT INTO knowhow.tuning_trial_catalog (tuning_id, trial, recommender_id, "
            "algorithm, params, by_metric, at_k, value, difference, low, high, n, questions, "
            "seconds, best, applied, fitted_before, validated_before, seed, tried_at) VALUES "
            "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
            "$19, $20)",
            {int8_parameter(tuning_id), int4_parameter(static_cast<int32>(i)),
             int4_parameter(recommender.id), text_parameter(algorithm), jsonb_parameter(params),
             text_parameter(metric), int4_parameter(static_cast<int32>(options.k.front())),
             real(trial.value), real(trial.difference.mean), real(trial.difference.low),
             real(trial.difference.high), int8_parameter(trial.asked),
             int8_parameter(static_cast<int64>(tuning.validation.pairs.size())),
             real(trial.seconds), truth(best), truth(best && applied),
             time(tuning.validation.cut), time(tuning.test_cut),
             int8_parameter(static_cast<int64>(options.seed)), time(trial.tried_at)});
        Datum values[] = {Int64GetDatum(tuning_id),
                          Int32GetDatum(static_cast<int32>(i)),
                          CStringGetTextDatum(algorithm),
                          PointerGetDatum(params),
                          Float8GetDatum(trial.value),
                          Float8GetDatum(trial.difference.mean),
                          Float8GetDatum(trial.difference.low),
                          Float8GetDatum(trial.difference.high),
                          Int64GetDatum(trial.asked),
                          BoolGetDatum(best),
                          BoolGetDatum(best && applied)};
        bool nulls[lengthof(values)] = {};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    // As many tunings are kept as training runs.
    write_catalog(
        "DELETE FROM knowhow.tuning_trial_catalog WHERE recommender_id = $1 AND tuning_id <= "
        "(SELECT tuning_id FROM knowhow.tuning_trial_catalog WHERE recommender_id = $1 "
        "AND trial = 0 ORDER BY tuning_id DESC OFFSET $2 LIMIT 1)",
        {int4_parameter(recommender.id),
         int8_parameter(static_cast<int64>(param_number(recommender, "keep_runs")))});
}

const Recommender* recommender_to_tune(const char* name) {
    const Recommender* const found = find_recommender(name);
    require_owner(*found, "tune it");
    const Recommender* const recommender = recommender_to_read(found->id);
    if (recommender == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("recommender \"%s\" was dropped meanwhile", found->name)));
    }
    require_owner(*recommender, "tune it");
    return recommender;
}

}  // namespace

// tune(recommender text, algorithms text[], metric text, k integer, test_share double precision,
// validation_share double precision, questions integer, seed bigint, apply boolean)
KNOWHOW_FUNCTION(tune) {
    PreventCommandIfReadOnly("knowhow.tune()");
    PreventCommandIfParallelMode("knowhow.tune()");
    PreventCommandDuringRecovery("knowhow.tune()");
    InitMaterializedSRF(fcinfo, 0);
    require_arguments(fcinfo);
    const char* const name = PG_ARGISNULL(0) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(0));
    const char* const metric = text_to_cstring(PG_GETARG_TEXT_PP(2));
    bool const apply = PG_GETARG_BOOL(8);
    const Recommender* const recommender = recommender_to_tune(name);
    int count;
    const char* const* const algorithms = algorithms_argument(fcinfo, *recommender, &count);
    for (int i = 0; i < count; ++i) {
        require_trained(*recommender, algorithms[i]);
    }
    progress_begin(recommender->id, 0, false);
    progress_resources(settings::threads, 0);
    progress_phase(Phase::kTuning, 0);
    Tuning* tuning = nullptr;
    engine([&] { tuning = adopt(CurrentMemoryContext, std::make_unique<Tuning>()); });
    read_tuning_options(fcinfo, metric, &tuning->evaluating.options);
    plan_trials(*recommender, algorithms, count, tuning);
    load_as_owner(*recommender, tuning);
    for (std::size_t i = 0; i < tuning->trials.size(); ++i) {
        Trial& trial = tuning->trials[i];
        trial.tried_at = GetCurrentTimestamp();
        engine([=] { run_trial(*tuning, i, metric); });
        trial.seconds = static_cast<double>(GetCurrentTimestamp() - trial.tried_at) / USECS_PER_SEC;
        ereport(DEBUG1, (errmsg_internal("trial %zu of %zu: %s at %d is %g", i + 1,
                                         tuning->trials.size(), metric,
                                         static_cast<int>(tuning->evaluating.options.k.front()),
                                         trial.value)));
    }
    bool const applied = apply && tuning->best > 0;
    if (applied) {
        apply_trial(*recommender, tuning->trials[tuning->best]);
    }
    put_trials(*recommender, *tuning, metric, applied,
               reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo));
    progress_end();
    return static_cast<Datum>(0);
}

}  // namespace knowhow::server
