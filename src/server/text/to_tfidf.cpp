// to_tfidf(), to_tfidf_query() and scikit_tfidf(): text to weighted terms.
#include "server/text/to_tfidf.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <tsearch/ts_type.h>
#include <utils/array.h>
}

#include <cmath>
#include <cstring>
#include <vector>

#include "engine/base/budget.hpp"
#include "server/catalog/params.hpp"
#include "server/module.hpp"
#include "server/text/statistics.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

constexpr double kTitleWeight = 2;

void add_document(Oid config, Text document, Text title, double title_weight, double extra_count,
                  LexemeCounts& counts) {
    check_title_weight(title_weight);
    if (title_weight > 0) {
        add_lexemes(config, title.bytes, title.size, title_weight, extra_count, counts);
    }
    add_lexemes(config, document.bytes, document.size, 1, extra_count, counts);
}

std::size_t memory_limit() {
    return static_cast<std::size_t>(settings::max_memory) * 1024;
}

Datum document_vector(Oid config, Text document, Text title, double title_weight,
                      const Weighting& weighting) {
    MemoryBudget budget(memory_limit());
    InterruptMonitor monitor;
    LexemeCounts counts(&budget);
    add_document(config, document, title, title_weight, kExtraCount, counts);
    std::vector<TermWeight> terms = counts.terms.sorted(monitor);
    weigh_document(weighting, terms, counts.length);
    return tfidf_datum(terms);
}

}  // namespace

CountedTerms count_terms(Oid config, Text document, Text title, double title_weight,
                         double extra_count) {
    MemoryBudget budget(memory_limit());
    InterruptMonitor monitor;
    LexemeCounts counts(&budget);
    add_document(config, document, title, title_weight, extra_count, counts);
    const std::vector<TermWeight> terms = counts.terms.sorted(monitor);
    std::size_t bytes = 0;
    for (const TermWeight& term : terms) {
        bytes += term.term.size();
    }
    CountedTerms result{nullptr, terms.size(), counts.length};
    char* copies = nullptr;
    guarded([&] {
        result.terms = static_cast<TermWeight*>(
            palloc_extended(result.count * sizeof(TermWeight) + 1, MCXT_ALLOC_HUGE));
        copies = static_cast<char*>(palloc_extended(bytes + 1, MCXT_ALLOC_HUGE));
    });
    for (std::size_t i = 0; i < terms.size(); ++i) {
        const std::string_view term = terms[i].term;
        memcpy(copies, term.data(), term.size());
        result.terms[i] = {{copies, term.size()}, terms[i].weight};
        copies += term.size();
    }
    return result;
}

Datum query_vector(const CountedTerms& counted, const Model* model, const Weighting& weighting) {
    const std::span<TermWeight> terms = counted.all();
    const std::int64_t documents = model == nullptr ? 0 : model->documents;
    const std::int64_t* const frequencies =
        documents == 0
            ? static_cast<std::int64_t*>(palloc_extended(terms.size() * sizeof(std::int64_t) + 1,
                                                         MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO))
            : term_statistics(model->id, kTermStatistics, terms);
    Datum result = 0;
    engine([&] {
        weigh_query(weighting, terms, {frequencies, terms.size()}, documents);
        result = tfidf_datum(terms);
    });
    return result;
}

Datum query_vector(Oid config, Text query, const Model* model, const Weighting& weighting) {
    CountedTerms counted{};
    engine([&] { counted = count_terms(config, query, Text{}, 0); });
    return query_vector(counted, model, weighting);
}

}  // namespace knowhow::server

using namespace knowhow;
using namespace knowhow::server;

namespace {

// Arguments with a default take it for NULL too. These functions are PostgreSQL phases.

Text text_argument(FunctionCallInfo fcinfo, int n) {
    if (PG_ARGISNULL(n)) {
        return {};
    }
    text* const value = PG_GETARG_TEXT_PP(n);
    return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}

double real_argument(FunctionCallInfo fcinfo, int n, double standard) {
    return PG_ARGISNULL(n) ? standard : static_cast<double>(PG_GETARG_FLOAT4(n));
}

bool bool_argument(FunctionCallInfo fcinfo, int n, bool standard) {
    return PG_ARGISNULL(n) ? standard : PG_GETARG_BOOL(n);
}

std::string_view view_or(Text text, std::string_view standard) noexcept {
    return text.null() ? standard : std::string_view(text.bytes, text.size);
}

// Arguments weighting, k1, b and average_length, from number n on.
struct WeightingArguments {
    WeightingArguments(FunctionCallInfo fcinfo, int n)
        : name(text_argument(fcinfo, n)),
          k1(real_argument(fcinfo, n + 1, kDefaultK1)),
          b(real_argument(fcinfo, n + 2, 0)),
          b_given(!PG_ARGISNULL(n + 2)),
          average_length(real_argument(fcinfo, n + 3, kDefaultAverageLength)) {}

    // Engine code.
    Weighting document() const {
        const std::string_view weighting = view_or(name, "pivoted");
        return parse_weighting(weighting, Side::kDocument, k1,
                               b_given ? b : default_b(weighting, Side::kDocument), average_length);
    }

    Text name;
    double k1;
    double b;
    bool b_given;
    double average_length;
};

// to_tfidf: document is argument n; title, title_weight and the weighting's begin with number
// `options`.
Datum to_tfidf(FunctionCallInfo fcinfo, Oid config, int n, int options) {
    const Text document = text_argument(fcinfo, n);
    const Text title = text_argument(fcinfo, options);
    if (document.null() && title.null()) {
        PG_RETURN_NULL();
    }
    const double title_weight = real_argument(fcinfo, options + 1, kTitleWeight);
    const WeightingArguments weighting(fcinfo, options + 2);
    return document_vector(config, document, title, title_weight, weighting.document());
}

// The weights of the labels D, C, B and A.
struct LabelWeights {
    double of[4] = {1, 1, 1, kTitleWeight};
};

LabelWeights label_weights_argument(FunctionCallInfo fcinfo, int n) {
    LabelWeights weights;
    if (PG_ARGISNULL(n)) {
        return weights;
    }
    ArrayType* const array = PG_GETARG_ARRAYTYPE_P(n);
    if (ARR_NDIM(array) != 1 || ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) != 4 ||
        array_contains_nulls(array)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("label_weights must be four numbers"),
                        errhint("They belong to the labels D, C, B and A, as in "
                                "'{1, 1, 1, 2}'.")));
    }
    const auto* const given = reinterpret_cast<const float*>(ARR_DATA_PTR(array));
    for (int label = 0; label < 4; ++label) {
        if (!std::isfinite(given[label]) || given[label] < 0) {
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("label_weights contains %g", static_cast<double>(given[label])),
                            errhint("They must be 0 or more, and finite.")));
        }
        weights.of[label] = static_cast<double>(given[label]);
    }
    return weights;
}

// Engine code.
Datum tsvector_to_tfidf(TSVector vector, const LabelWeights& labels, const Weighting& weighting) {
    const WordEntry* const entries = ARRPTR(vector);
    const char* const lexemes = STRPTR(vector);
    std::vector<TermWeight> terms;
    terms.reserve(static_cast<std::size_t>(vector->size));
    double length = 0;
    for (int i = 0; i < vector->size; ++i) {
        const WordEntry& entry = entries[i];
        double count = 0;
        if (entry.haspos != 0) {
            const auto* const positions = reinterpret_cast<const WordEntryPosVector*>(
                lexemes + SHORTALIGN(entry.pos + entry.len));
            for (int at = 0; at < positions->npos; ++at) {
                count += labels.of[WEP_GETWEIGHT(positions->pos[at])];
            }
        } else {
            count = labels.of[0];
        }
        if (count > 0 && entry.len > 0) {
            terms.push_back({{lexemes + entry.pos, entry.len}, count});
            length += count;
        }
    }
    canonicalize(terms);
    weigh_document(weighting, terms, length);
    return tfidf_datum(terms);
}

// The recommender that argument n names. NULL when none is named and there is none at all.
const Recommender* recommender_argument(FunctionCallInfo fcinfo, int n) {
    const char* const name = PG_ARGISNULL(n) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(n));
    return find_recommender(name, true);
}

// Its active model. NULL when nothing has been trained.
const Model* model_of(const Recommender* recommender) {
    return recommender == nullptr ? nullptr : active_model(recommender->id);
}

// The configuration that is named, else that of the recommender.
Oid config_or(Oid config, const Recommender* recommender) {
    if (OidIsValid(config)) {
        return config;
    }
    return recommender == nullptr ? multilingual_config() : text_config(*recommender);
}

// to_tfidf_query: the query is argument n; recommender and weighting are the two from `options` on.
// Configuration InvalidOid: that of the recommender.
Datum to_tfidf_query(FunctionCallInfo fcinfo, Oid config, int n, int options) {
    if (PG_ARGISNULL(n)) {
        PG_RETURN_NULL();
    }
    const Text query = text_argument(fcinfo, n);
    const Text name = text_argument(fcinfo, options + 1);
    const Recommender* const recommender = recommender_argument(fcinfo, options);
    const Model* const model = model_of(recommender);
    config = config_or(config, recommender);
    Weighting weighting;
    engine([&] {
        weighting = parse_weighting(view_or(name, "pivoted"), Side::kQuery, kDefaultK1, 0,
                                    kDefaultAverageLength);
    });
    return query_vector(config, query, model, weighting);
}

// scikit_tfidf: the document is argument n; recommender, title, title_weight, norm, use_idf,
// smooth_idf and sublinear_tf from `options` on. Every token counts once, extra ones too: a
// TfidfVectorizer knows no halves. Configuration InvalidOid: that of the recommender.
Datum scikit_tfidf(FunctionCallInfo fcinfo, Oid config, int n, int options) {
    const Text document = text_argument(fcinfo, n);
    const Text title = text_argument(fcinfo, options + 1);
    if (document.null() && title.null()) {
        PG_RETURN_NULL();
    }
    const double title_weight = real_argument(fcinfo, options + 2, kTitleWeight);
    const Text norm = text_argument(fcinfo, options + 3);
    ScikitOptions scikit;
    scikit.use_idf = bool_argument(fcinfo, options + 4, true);
    scikit.smooth_idf = bool_argument(fcinfo, options + 5, true);
    scikit.sublinear_tf = bool_argument(fcinfo, options + 6, false);
    const Recommender* const recommender = recommender_argument(fcinfo, options);
    const Model* const model = model_of(recommender);
    config = config_or(config, recommender);
    if (model == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("scikit_tfidf() needs a trained model, and there is none"),
                        errhint("Call knowhow.train() first: it counts in how many documents each "
                                "term occurs.")));
    }
    CountedTerms counted{};
    engine([&] {
        scikit.norm = parse_norm(view_or(norm, "l2"));
        counted = count_terms(config, document, title, title_weight, 1);
    });
    const std::int64_t* const frequencies =
        term_statistics(model->id, kTermStatistics, counted.all());
    weigh_scikit(scikit, counted.all(), {frequencies, counted.count}, model->documents);
    return tfidf_datum(counted.all());
}

}  // namespace

// The number of each argument is its place in control/chapters/30_weights.sql.

// to_tfidf(document text, by_name_only anyenum, title text, title_weight real, weighting text,
//          k1 real, b real, average_length real)
KNOWHOW_FUNCTION(to_tfidf_text) {
    return to_tfidf(fcinfo, multilingual_config(), 0, 2);
}

// to_tfidf(config regconfig, document text, title text, title_weight real, weighting text,
//          k1 real, b real, average_length real)
KNOWHOW_FUNCTION(to_tfidf_config) {
    if (PG_ARGISNULL(0)) {
        PG_RETURN_NULL();
    }
    return to_tfidf(fcinfo, PG_GETARG_OID(0), 1, 2);
}

// to_tfidf(document tsvector, by_name_only anyenum, label_weights real[], weighting text, k1 real,
//          b real, average_length real)
KNOWHOW_FUNCTION(to_tfidf_tsvector) {
    if (PG_ARGISNULL(0)) {
        PG_RETURN_NULL();
    }
    TSVector const vector = PG_GETARG_TSVECTOR(0);
    const LabelWeights labels = label_weights_argument(fcinfo, 2);
    const WeightingArguments weighting(fcinfo, 3);
    return tsvector_to_tfidf(vector, labels, weighting.document());
}

// to_tfidf_query(query text, by_name_only anyenum, recommender text, weighting text)
KNOWHOW_FUNCTION(to_tfidf_query_text) {
    return to_tfidf_query(fcinfo, InvalidOid, 0, 2);
}

// to_tfidf_query(config regconfig, query text, recommender text, weighting text)
KNOWHOW_FUNCTION(to_tfidf_query_config) {
    if (PG_ARGISNULL(0)) {
        PG_RETURN_NULL();
    }
    return to_tfidf_query(fcinfo, PG_GETARG_OID(0), 1, 2);
}

// scikit_tfidf(document text, by_name_only anyenum, recommender text, title text,
//              title_weight real, norm text, use_idf bool, smooth_idf bool, sublinear_tf bool)
KNOWHOW_FUNCTION(scikit_tfidf_text) {
    return scikit_tfidf(fcinfo, InvalidOid, 0, 2);
}

// scikit_tfidf(config regconfig, document text, recommender text, title text, title_weight real,
//              norm text, use_idf bool, smooth_idf bool, sublinear_tf bool)
KNOWHOW_FUNCTION(scikit_tfidf_config) {
    if (PG_ARGISNULL(0)) {
        PG_RETURN_NULL();
    }
    return scikit_tfidf(fcinfo, PG_GETARG_OID(0), 1, 2);
}
