#include "server/catalog/params.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <lib/stringinfo.h>
#include <mb/pg_wchar.h>
#include <nodes/value.h>
#include <utils/builtins.h>
#include <utils/numeric.h>
#include <utils/regproc.h>
}

#include <cmath>
#include <cstring>

#include "engine/learn/learner.hpp"
#include "engine/rank/signal_weights.hpp"
#include "server/text/lexemes.hpp"

namespace knowhow::server {
namespace {

constexpr const char* kTextConfig = "text_config";

// Alphabetical. Those of a learner are declared in its file in src/engine/learn as well, which
// checks them again: training fails plainly where the two lists part.
constexpr KnownParam kParams[] = {
    {"candidates", ParamType::kInteger, 200, 1, 1000,
     "slim, blend: snippets that each snippet is explained by, at most"},
    {"collaborative_weight", ParamType::kReal, 1, 0, 1000,
     "recommend: weight of what people with a similar history liked"},
    {"factors", ParamType::kInteger, 128, 1, 512,
     "ials, blend: dimensions of a person's and a snippet's factors"},
    {"freshness_half_life", ParamType::kReal, 90, 0.01, 36500,
     "recommend: days in which a snippet's freshness halves"},
    {"freshness_weight", ParamType::kReal, 1e-4, 0, 1000, "recommend: weight of the snippet's age"},
    {"gate", ParamType::kChoice, 0, 0, 0,
     "train: metric by which changed parameters must not be worse than those of the active model, "
     "asked at k = 10; off: every model is activated",
     "off", "off, ndcg, recall, precision, hit_rate, map, mrr"},
    {"gate_margin", ParamType::kReal, 0, 0, 1,
     "train: loss of the metric that the gate lets pass, in units of the metric"},
    {"gate_questions", ParamType::kInteger, 2000, 200, 1000000,
     "train: questions that the gate asks, at most"},
    {"history", ParamType::kInteger, 500, 1, 10000,
     "recommend: newest snippets of a person that count"},
    {"ials_share", ParamType::kReal, 0.7, 0, 1, "blend: the part of ials; the rest is slim's"},
    {"iterations", ParamType::kInteger, 16, 1, 100,
     "ials, blend: times that people and snippets are solved for in turn"},
    {"k", ParamType::kInteger, 50, 1, 10000, "user_knn: nearest persons whose ratings count"},
    {"keep_models", ParamType::kInteger, 3, 1, 100,
     "train: models kept per recommender, the active one included"},
    {"keep_runs", ParamType::kInteger, 100, 1, 1000000,
     "train: finished training runs kept per recommender"},
    {"labels_weight", ParamType::kReal, 2, 0, 1000,
     "recommend: weight of topics and tags of what the person liked"},
    {"links_weight", ParamType::kReal, 1, 0, 1000,
     "recommend: weight of what a short walk over links leads to from what the person liked"},
    {"max_user_items", ParamType::kInteger, 20000, 2, 2147483647,
     "item_knn, slim, ease, ials, blend: people with more snippets than this do not count"},
    {"neighbours", ParamType::kInteger, 200, 1, 10000,
     "train: targets kept per snippet, those of largest absolute weight"},
    {"penalty", ParamType::kReal, 0.01, 1e-4, 1000, "ials, blend: regularization of factors"},
    {"pool_depth", ParamType::kInteger, 50, 10, 1000000,
     "recommend: snippets that each signal brings to be ranked; 3 max_results where that is more; where "
     "not named, 1,000 for at most 1,000 snippets and before the first training"},
    {"popularity_weight", ParamType::kReal, 1e-3, 0, 1000,
     "recommend: weight of popularity, which breaks ties and serves who is unknown"},
    {"profile_terms", ParamType::kInteger, 100, 1, 10000,
     "recommend: strongest terms of what the person liked that count"},
    {"profile_weight", ParamType::kReal, 0.6, 0, 1000,
     "recommend: weight of the words of what the person liked"},
    {"query_weight", ParamType::kReal, 2, 0, 1000,
     "recommend: weight of the query's words against the person"},
    {"ridge", ParamType::kReal, 100, 1e-3, 1e9,
     "slim, ease, blend: regularization; what rests on fewer people than about this many shrinks"},
    {"shrinkage", ParamType::kReal, 20, 0, 1e6,
     "item_knn: added to the denominator of each cosine, so that few common readers count less"},
    {"team_weight", ParamType::kReal, 1, 0, 1000,
     "recommend: weight of what colleagues like, for a person of whom nothing is known"},
    {kTextConfig, ParamType::kTextConfig, 0, 0, 0,
     "recommend: text search configuration of queries, the one by which content was made; one "
     "outside pg_catalog is named with its schema",
     "knowhow.multilingual"},
    {"trending_half_life", ParamType::kReal, 7, 0.01, 36500,
     "train: days in which an interaction counts half for what is trending"},
    {"trending_weight", ParamType::kReal, 0, 0, 1000,
     "recommend: weight of what people read lately, the same for everybody"},
    {"unobserved", ParamType::kReal, 15, 1e-3, 1e4,
     "ials, blend: weight of all that people have not liked together, where 1 is that of all they "
     "have"},
    {"user_activity", ParamType::kReal, 0, 0, 1,
     "item_knn, slim, ease, blend: a person counts by their number of snippets to the power of "
     "minus this"},
    {"validation_rows", ParamType::kInteger, 1000000, 0, 2147483647,
     "train: weights of signals are found where there are at most so many interactions; 0: never"},
};
constexpr int kParamCount = sizeof kParams / sizeof kParams[0];

constexpr int kMostShownBytes = 40;  // of an offending value, in an error message

// Beside the learners of the engine: it learns nothing and reads ratings.
constexpr const char* kUserKnn = "user_knn";

const KnownParam* find_param(const char* name, std::size_t length) {
    for (const KnownParam& param : kParams) {
        if (strlen(param.name) == length && memcmp(param.name, name, length) == 0) {
            return &param;
        }
    }
    return nullptr;
}

[[noreturn]] void unknown_param(const char* name, int length) {
    StringInfoData known;
    initStringInfo(&known);
    for (const KnownParam& param : kParams) {
        appendStringInfo(&known, "%s%s", known.len > 0 ? ", " : "", param.name);
    }
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("unknown parameter \"%.*s\" in params", length, name),
                    errhint("Known parameters: %s.", known.data)));
    pg_unreachable();
}

// Error 22023: what the parameter must be, and the value.
[[noreturn]] void wrong_value(const KnownParam& param, const JsonbValue& value,
                              const char* must_be) {
    JsonbValue copy = value;
    Jsonb* const json = JsonbValueToJsonb(&copy);
    const char* const shown = JsonbToCString(nullptr, &json->root, VARSIZE(json));
    int const length = static_cast<int>(strlen(shown));
    int const cut = pg_mbcliplen(shown, length, kMostShownBytes);
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("parameter \"%s\" must be %s, not %.*s%s", param.name, must_be, cut,
                           shown, cut < length ? "..." : "")));
    pg_unreachable();
}

// The value as a number, or an error that names the parameter, the value and its range.
double checked_number(const KnownParam& param, const JsonbValue& value) {
    if (value.type == jbvNumeric) {
        double const number = DatumGetFloat8(
            DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value.val.numeric)));
        if (number >= param.minimum && number <= param.maximum &&
            (param.type == ParamType::kReal || number == std::floor(number))) {
            return number;
        }
    }
    wrong_value(param, value,
                psprintf("%s between %.15g and %.15g",
                         param.type == ParamType::kInteger ? "an integer" : "a number",
                         param.minimum, param.maximum));
}

// The text search configuration of that name. A bare name means one of pg_catalog, whatever the
// search_path: it must mean the same to everybody who asks.
Oid config_named(const char* name) {
#if PG_VERSION_NUM >= 160000
    List* names = stringToQualifiedNameList(name, nullptr);
#else
    List* names = stringToQualifiedNameList(name);
#endif
    if (list_length(names) == 1) {
        names = lcons(makeString(pstrdup("pg_catalog")), names);
    }
    Oid const config = get_ts_config_oid(names, true);
    if (!OidIsValid(config)) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("text search configuration \"%s\" does not exist", name),
                        errdetail("It is named by parameter \"%s\" of a recommender.", kTextConfig),
                        errhint("Name one outside pg_catalog with its schema; \\dF lists them.")));
    }
    return config;
}

Oid checked_config(const KnownParam& param, const JsonbValue& value) {
    if (value.type != jbvString) {
        wrong_value(param, value, "the name of a text search configuration");
    }
    return config_named(pnstrdup(value.val.string.val, value.val.string.len));
}

const char* checked_choice(const KnownParam& param, const JsonbValue& value) {
    if (value.type == jbvString) {
        const char* const text = pnstrdup(value.val.string.val, value.val.string.len);
        // With separators around both, no part of a choice is taken for one.
        if (strchr(text, ',') == nullptr &&
            strstr(psprintf(", %s,", param.choices), psprintf(", %s,", text)) != nullptr) {
            return text;
        }
    }
    wrong_value(param, value, psprintf("one of %s", param.choices));
}

void check_value(const KnownParam& param, const JsonbValue& value) {
    switch (param.type) {
        case ParamType::kTextConfig:
            (void)checked_config(param, value);
            break;
        case ParamType::kChoice:
            (void)checked_choice(param, value);
            break;
        default:
            (void)checked_number(param, value);
    }
}

// The known parameter of that name, which is an error of the calling code where there is none.
const KnownParam& declared_param(const char* name) {
    const KnownParam* const param = find_param(name, strlen(name));
    if (param == nullptr) {
        elog(ERROR, "parameter \"%s\" is not in the table of known parameters", name);
    }
    return *param;
}

// The stored value, or NULL where the default holds.
const JsonbValue* stored_value(const Jsonb* params, const char* name) {
    if (params == nullptr || !JB_ROOT_IS_OBJECT(params)) {
        return nullptr;
    }
    JsonbValue key;
    key.type = jbvString;
    key.val.string.val = const_cast<char*>(name);
    key.val.string.len = static_cast<int>(strlen(name));
    const JsonbValue* const value =
        findJsonbValueFromContainer(const_cast<JsonbContainer*>(&params->root), JB_FOBJECT, &key);
    return value == nullptr || value->type == jbvNull ? nullptr : value;
}

}  // namespace

const KnownParam* known_params(int* count) {
    *count = kParamCount;
    return kParams;
}

double param_number(const Jsonb* params, const char* name) {
    const KnownParam& param = declared_param(name);
    const JsonbValue* const value = stored_value(params, name);
    return value == nullptr ? param.standard : checked_number(param, *value);
}

double param_number(const Recommender& recommender, const char* name) {
    return param_number(recommender.params, name);
}

bool names_param(const Recommender& recommender, const char* name) {
    return stored_value(recommender.params, name) != nullptr;
}

const char* param_choice(const Recommender& recommender, const char* name) {
    const KnownParam& param = declared_param(name);
    const JsonbValue* const value = stored_value(recommender.params, name);
    return value == nullptr ? param.standard_text : checked_choice(param, *value);
}

Oid text_config(const Recommender& recommender) {
    const JsonbValue* const value = stored_value(recommender.params, kTextConfig);
    return value == nullptr ? multilingual_config()
                            : checked_config(declared_param(kTextConfig), *value);
}

bool learns_matrix(const char* algorithm) {
    return strcmp(algorithm, kUserKnn) != 0 && find_baseline(algorithm) == nullptr;
}

std::uint32_t read_signal_weights(const Recommender& recommender, const Jsonb* found,
                                  RankingOptions* options) {
    std::uint32_t named = 0;
    std::uint32_t bit = 1;
    for (const SignalWeight& weight : signal_weights()) {
        const char* const name = weight.parameter.data();
        bool const is_named = names_param(recommender, name);
        weight.of(*options) = param_number(is_named ? recommender.params : found, name);
        named |= is_named ? bit : 0;
        bit <<= 1;
    }
    options->links = param_number(recommender, "links_weight");
    options->team = param_number(recommender, "team_weight");
    options->fusion.text_weight = param_number(recommender, "query_weight");
    return named;
}

void check_algorithm(const char* algorithm) {
    StringInfoData known;
    initStringInfo(&known);
    for (const Learner* learner : learners()) {
        if (learner->name() == algorithm) {
            return;
        }
        appendStringInfo(&known, "%s, ", learner->name().data());
    }
    if (!learns_matrix(algorithm)) {
        return;
    }
    appendStringInfoString(&known, kUserKnn);
    for (const Baseline& baseline : baselines()) {
        appendStringInfo(&known, ", %s", baseline.algorithm.data());
    }
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("unknown algorithm \"%s\"", algorithm),
                    errhint("Known algorithms: %s.", known.data)));
}

void check_params(Jsonb* params) {
    if (!JB_ROOT_IS_OBJECT(params)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("params must be a JSON object, not %s",
                               JsonbToCString(nullptr, &params->root, VARSIZE(params)))));
    }
    JsonbIterator* iterator = JsonbIteratorInit(&params->root);
    const KnownParam* param = nullptr;
    JsonbValue value;
    JsonbIteratorToken token;
    while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE) {
        if (token == WJB_KEY) {
            param =
                find_param(value.val.string.val, static_cast<std::size_t>(value.val.string.len));
            if (param == nullptr) {
                unknown_param(value.val.string.val, value.val.string.len);
            }
        } else if (token == WJB_VALUE && value.type != jbvNull) {
            check_value(*param, value);
        }
    }
}

}  // namespace knowhow::server
