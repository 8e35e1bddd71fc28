// evaluate(), evaluation_lists(), compare() and recommend_as_of(): the SQL entry points.
#include "server/border/border.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <funcapi.h>
#include <utils/array.h>
#include <utils/timestamp.h>
#include <utils/tuplestore.h>
}

#include <algorithm>
#include <cstring>

#include "engine/evaluate/weights.hpp"
#include "server/catalog/params.hpp"
#include "server/evaluate/load.hpp"
#include "server/text/to_tfidf.hpp"

namespace knowhow::server {
namespace {

constexpr int kLargestK = 1000;
constexpr int kMostCompared = 20;
constexpr double kLongestInterval = 1e4 * 366 * USECS_PER_DAY;

Datum text_of(std::string_view value) {
    return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
}

const char* name_argument(FunctionCallInfo fcinfo, int n) {
    return PG_ARGISNULL(n) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

[[noreturn]] void out_of_range(const char* what, const char* range, const char* value) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("%s must be %s, not %s", what, range, value)));
    pg_unreachable();
}

// Ascending, each once.
void read_k(FunctionCallInfo fcinfo, int n, EvaluationOptions* options) {
    Datum* elements;
    bool* nulls;
    int count;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), INT4OID, sizeof(int32), true, TYPALIGN_INT,
                      &elements, &nulls, &count);
    for (int i = 0; i < count; ++i) {
        int32 const k = nulls[i] ? 0 : DatumGetInt32(elements[i]);
        if (k < 1 || k > kLargestK) {
            out_of_range("k", psprintf("between 1 and %d", kLargestK),
                         nulls[i] ? "null" : psprintf("%d", k));
        }
        engine([=] { options->k.push_back(static_cast<std::size_t>(k)); });
    }
    if (count == 0) {
        out_of_range("k", "at least one number", "an empty array");
    }
    std::sort(options->k.begin(), options->k.end());
    options->k.erase(std::unique(options->k.begin(), options->k.end()), options->k.end());
}

// A month counts as 30 days. In double: an interval may hold more than 64 bits of microseconds.
double microseconds(const Interval* interval) {
    return static_cast<double>(interval->time) +
           (interval->day + interval->month * 30.0) * static_cast<double>(USECS_PER_DAY);
}

// Whether any interaction has a time, by which a split by time is the default.
bool has_times(const Archive& archive) {
    return std::any_of(archive.pairs().begin(), archive.pairs().end(),
                       [](const ArchivedPair& pair) { return pair.first_at != kAlways; });
}

// Reads the arguments from the second on (split, k, test_share, retrain_every, seed, negatives),
// then all rows, and asks all questions. With SPI connected; the result belongs to the current
// memory context.
Evaluating* evaluated(const Recommender* recommender, FunctionCallInfo fcinfo) {
    for (int n = 2; n <= 6; ++n) {
        if (PG_ARGISNULL(n)) {
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("k, test_share, retrain_every, seed and negatives must not be "
                                   "null")));
        }
    }
    const char* const split = name_argument(fcinfo, 1);
    Evaluating* const evaluating = adopt(CurrentMemoryContext, std::make_unique<Evaluating>());
    EvaluationOptions* const options = &evaluating->options;
    if (split != nullptr) {
        engine([=] { options->split = parse_split(split); });
    }
    read_k(fcinfo, 2, options);
    options->test_share = PG_GETARG_FLOAT8(3);
    if (!(options->test_share > 0 && options->test_share < 1)) {
        out_of_range("test_share", "above 0 and below 1", psprintf("%g", options->test_share));
    }
    double const every = microseconds(PG_GETARG_INTERVAL_P(4));
    if (!(every >= 1 && every <= kLongestInterval)) {
        out_of_range("retrain_every", "longer than nothing and at most 10000 years",
                     DatumGetCString(DirectFunctionCall1(interval_out, PG_GETARG_DATUM(4))));
    }
    options->retrain_every = static_cast<std::int64_t>(every);
    options->seed = static_cast<std::uint64_t>(PG_GETARG_INT64(5));
    evaluating->replay.fit.seed = options->seed;
    options->negatives = PG_GETARG_INT32(6);
    if (options->negatives < 1) {
        out_of_range("negatives", "at least 1", psprintf("%d", options->negatives));
    }
    read_options(*recommender, evaluating);
    load(*recommender, evaluating);
    if (split == nullptr && !has_times(evaluating->archive)) {
        options->split = Split::kLeaveOneOut;
    }
    engine([=] {
        evaluating->outcomes = ask_all(evaluating->archive, evaluating->replay, *options,
                                       evaluating->monitor, evaluating->budget);
    });
    return evaluating;
}

// What a figure rests on, the same in each row.
const char* remarks(const Evaluating* evaluating, Datum retrain_every) {
    StringInfoData text;
    initStringInfo(&text);
    std::string_view const leak = split_leak(evaluating->options.split);
    if (!leak.empty()) {
        appendStringInfo(&text, "LEAKS %.*s; ", static_cast<int>(leak.size()), leak.data());
    }
    if (evaluating->options.split == Split::kReplay) {
        appendStringInfo(&text, "retrained every %s; ",
                         DatumGetCString(DirectFunctionCall1(interval_out, retrain_every)));
    } else if (evaluating->options.split == Split::kSampledNegatives) {
        appendStringInfo(&text, "ranked among %d random snippets; ", evaluating->options.negatives);
    }
    auto const with_query = std::count_if(evaluating->outcomes.begin(), evaluating->outcomes.end(),
                                          [](const Outcome& outcome) { return outcome.has_query; });
    appendStringInfo(&text, "%zu questions, %zu with the query that was logged",
                     evaluating->outcomes.size(), static_cast<std::size_t>(with_query));
    return text.data;
}

void put_figures(const Evaluating* evaluating, const char* remarks, ReturnSetInfo* result) {
    for (std::size_t i = 0; i < evaluating->figures.size(); ++i) {
        const Figure& figure = evaluating->figures[i];
        Datum values[9] = {text_of(figure.metric),
                           text_of(figure.part),
                           Int32GetDatum(static_cast<int32>(figure.k)),
                           Float8GetDatum(figure.value),
                           Float8GetDatum(figure.low),
                           Float8GetDatum(figure.high),
                           Int64GetDatum(figure.n),
                           text_of(split_name(evaluating->options.split)),
                           CStringGetTextDatum(remarks)};
        bool nulls[9] = {};
        nulls[1] = figure.part.empty();
        nulls[4] = nulls[5] = !figure.has_interval;
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
}

Datum snippet_ids(const Archive& archive, const std::vector<std::int32_t>& indexes) {
    Datum* const ids = static_cast<Datum*>(palloc(sizeof(Datum) * indexes.size() + 1));
    for (std::size_t i = 0; i < indexes.size(); ++i) {
        ids[i] = Int64GetDatum(archive.snippets()[static_cast<std::size_t>(indexes[i])].id);
    }
    return PointerGetDatum(
        construct_array(ids, static_cast<int>(indexes.size()), INT8OID, 8, true, TYPALIGN_DOUBLE));
}

void put_lists(const Evaluating* evaluating, ReturnSetInfo* result) {
    MemoryContext const row =
        AllocSetContextCreate(CurrentMemoryContext, "knowhow outcome", ALLOCSET_DEFAULT_SIZES);
    for (std::size_t o = 0; o < evaluating->outcomes.size(); ++o) {
        CHECK_FOR_INTERRUPTS();
        const Outcome& outcome = evaluating->outcomes[o];
        MemoryContext const before = MemoryContextSwitchTo(row);
        std::size_t const ranked = outcome.ranks.size();
        Datum* const ranks = static_cast<Datum*>(palloc(sizeof(Datum) * ranked + 1));
        for (std::size_t i = 0; i < ranked; ++i) {
            ranks[i] = Int32GetDatum(static_cast<int32>(outcome.ranks[i]));
        }
        Datum values[6] = {Int64GetDatum(outcome.user),
                           TimestampTzGetDatum(outcome.moment),
                           Int32GetDatum(static_cast<int32>(outcome.candidates)),
                           snippet_ids(evaluating->archive, outcome.relevant),
                           PointerGetDatum(construct_array(ranks, static_cast<int>(ranked), INT4OID,
                                                           4, true, TYPALIGN_INT)),
                           snippet_ids(evaluating->archive, outcome.shown)};
        bool nulls[6] = {};
        nulls[1] = outcome.moment == kLater;
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
        MemoryContextSwitchTo(before);
        MemoryContextReset(row);
    }
    MemoryContextDelete(row);
}

// One list of people's values for each recommender, and what came of them.
struct Comparing {
    std::vector<std::vector<PersonValues>> values;
    std::vector<Comparison> results;
};

const Recommender** recommenders_argument(FunctionCallInfo fcinfo, int* count) {
    Datum* names;
    bool* nulls;
    if (PG_ARGISNULL(0)) {
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("recommenders must not be null")));
    }
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls,
                      count);
    if (*count < 2 || *count > kMostCompared) {
        out_of_range("recommenders", psprintf("2 to %d names", kMostCompared),
                     psprintf("%d", *count));
    }
    const Recommender** const result = static_cast<const Recommender**>(
        palloc(sizeof(Recommender*) * static_cast<std::size_t>(*count)));
    for (int i = 0; i < *count; ++i) {
        if (nulls[i]) {
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("recommenders must not contain a null value")));
        }
        result[i] = find_recommender(TextDatumGetCString(names[i]));
        if (result[i]->interactions != result[0]->interactions) {
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("recommenders \"%s\" and \"%s\" have different interactions",
                                   result[0]->name, result[i]->name),
                            errhint("What is compared must be asked the same: bind the same "
                                    "interactions to both.")));
        }
    }
    return result;
}

}  // namespace

// compare(recommenders text[], split, k, test_share, retrain_every, seed, negatives, metric text)
KNOWHOW_FUNCTION(compare) {
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    int count;
    const Recommender** const recommenders = recommenders_argument(fcinfo, &count);
    const char* const metric = PG_ARGISNULL(7) ? "ndcg" : name_argument(fcinfo, 7);
    Comparing* const comparing = adopt(CurrentMemoryContext, std::make_unique<Comparing>());
    // An unknown metric shows before the work, not after it.
    engine([=] { values_of_people({}, metric, EvaluationOptions()); });
    SPI_connect();
    const char* remark = nullptr;
    Datum split = 0;
    for (int i = 0; i < count; ++i) {
        // One at a time in memory.
        MemoryContext const own = AllocSetContextCreate(
            CurrentMemoryContext, "knowhow compared recommender", ALLOCSET_DEFAULT_SIZES);
        MemoryContext const before = MemoryContextSwitchTo(own);
        const Evaluating* const evaluating = evaluated(recommenders[i], fcinfo);
        engine([=] {
            comparing->values.push_back(
                values_of_people(evaluating->outcomes, metric, evaluating->options));
        });
        MemoryContextSwitchTo(before);
        if (i + 1 == count) {
            engine([=] {
                comparing->results = compare_all(comparing->values, evaluating->options.k);
            });
            remark = remarks(evaluating, PG_GETARG_DATUM(4));
            split = text_of(split_name(evaluating->options.split));
        }
        MemoryContextDelete(own);
    }
    for (std::size_t i = 0; i < comparing->results.size(); ++i) {
        const Comparison& row = comparing->results[i];
        Datum values[12] = {CStringGetTextDatum(recommenders[row.first]->name),
                            CStringGetTextDatum(recommenders[row.second]->name),
                            CStringGetTextDatum(metric),
                            Int32GetDatum(static_cast<int32>(row.k)),
                            Float8GetDatum(row.difference.mean),
                            Float8GetDatum(row.difference.low),
                            Float8GetDatum(row.difference.high),
                            Float8GetDatum(row.difference.p),
                            Float8GetDatum(row.adjusted_p),
                            Int64GetDatum(row.people),
                            split,
                            CStringGetTextDatum(remark)};
        bool nulls[12] = {};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    SPI_finish();
    return static_cast<Datum>(0);
}

KNOWHOW_FUNCTION(evaluate) {
    InitMaterializedSRF(fcinfo, 0);
    SPI_connect();
    Evaluating* const evaluating = evaluated(find_recommender(name_argument(fcinfo, 0)), fcinfo);
    engine([=] {
        evaluating->figures =
            summarise(evaluating->archive, evaluating->outcomes, evaluating->options,
                      evaluating->monitor, evaluating->budget);
    });
    put_figures(evaluating, remarks(evaluating, PG_GETARG_DATUM(4)),
                reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo));
    SPI_finish();
    return static_cast<Datum>(0);
}

KNOWHOW_FUNCTION(evaluation_lists) {
    InitMaterializedSRF(fcinfo, 0);
    SPI_connect();
    put_lists(evaluated(find_recommender(name_argument(fcinfo, 0)), fcinfo),
              reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo));
    SPI_finish();
    return static_cast<Datum>(0);
}

// recommend_as_of(user_id bigint, as_of timestamptz, query text, recommender text)
KNOWHOW_FUNCTION(recommend_as_of) {
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    const char* const query = name_argument(fcinfo, 2);
    const Recommender* const recommender = find_recommender(name_argument(fcinfo, 3));
    SPI_connect();
    Evaluating* const evaluating = adopt(CurrentMemoryContext, std::make_unique<Evaluating>());
    read_options(*recommender, evaluating);
    load_history(*recommender, &evaluating->archive);
    CountedTerms counted{};
    if (query != nullptr) {
        Oid const config = text_config(*recommender);
        engine([&] { counted = count_terms(config, {query, strlen(query)}, Text{}, 0); });
    }
    bool const has_user = !PG_ARGISNULL(0);
    std::int64_t const user = has_user ? PG_GETARG_INT64(0) : 0;
    std::int64_t const moment = PG_ARGISNULL(1) ? kLater : PG_GETARG_TIMESTAMPTZ(1);
    engine([=] {
        Replay replay(evaluating->archive, evaluating->replay, {}, evaluating->monitor,
                      evaluating->budget);
        Question question;
        if (has_user) {
            question.user = user;
        }
        question.moment = moment;
        question.clock = moment == kLater ? evaluating->options.clock : moment;
        replay.train(moment, question.clock);
        if (evaluating->replay.seek_weights && question.query.empty()) {
            replay.rank_without_query_by(find_weights(evaluating->archive, evaluating->replay, {},
                                                      moment, question.clock, evaluating->monitor,
                                                      evaluating->budget)
                                             .ranking);
        }
        question.query = counted.all();
        evaluating->list = replay.rank(question);
    });
    for (std::size_t i = 0; i < evaluating->list.size(); ++i) {
        const Scored& scored = evaluating->list[i];
        Datum values[3] = {
            Int32GetDatum(static_cast<int32>(i) + 1),
            Int64GetDatum(evaluating->archive.snippets()[static_cast<std::size_t>(scored.id)].id),
            Float8GetDatum(scored.score)};
        bool nulls[3] = {};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    SPI_finish();
    return static_cast<Datum>(0);
}

}  // namespace knowhow::server
