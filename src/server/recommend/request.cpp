#include "server/recommend/request.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/pg_type.h>
#include <common/hashfn.h>
}

#include <cmath>
#include <cstring>

namespace knowhow::server {
namespace {

ArrayType* array_argument(FunctionCallInfo fcinfo, int argument, const char* name) {
    if (PG_ARGISNULL(argument)) {
        return nullptr;
    }
    ArrayType* array = PG_GETARG_ARRAYTYPE_P_COPY(argument);
    if (array_contains_nulls(array)) {
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("%s must not contain a null value", name)));
    }
    return array;
}

const char* text_argument(FunctionCallInfo fcinfo, int argument) {
    return PG_ARGISNULL(argument) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

int max_results_argument(FunctionCallInfo fcinfo, int argument) {
    if (PG_ARGISNULL(argument)) {
        return 10;
    }
    int const value = PG_GETARG_INT32(argument);
    if (value < 0 || value > kMaxResults) {
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("max_results must be between 0 and %d, not %d", kMaxResults, value)));
    }
    return value;
}

// topics, tags, difficulties, kinds, teams: always in this order.
Filters filter_arguments(FunctionCallInfo fcinfo, int first) {
    Filters filters;
    filters.topics = array_argument(fcinfo, first, "topics");
    filters.tags = array_argument(fcinfo, first + 1, "tags");
    filters.difficulties = array_argument(fcinfo, first + 2, "difficulties");
    filters.kinds = array_argument(fcinfo, first + 3, "kinds");
    filters.teams = array_argument(fcinfo, first + 4, "teams");
    return filters;
}

void exclude_argument(FunctionCallInfo fcinfo, int argument, Request* request) {
    ArrayType* array = array_argument(fcinfo, argument, "exclude");
    if (array == nullptr) {
        return;
    }
    Datum* elements;
    int count;
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, nullptr, &count);
    for (int i = 0; i < count; ++i) {
        const char* value = TextDatumGetCString(elements[i]);
        if (strcmp(value, "rated") == 0) {
            request->exclude_rated = true;
        } else if (strcmp(value, "seen") == 0) {
            request->exclude_seen = true;
        } else if (strcmp(value, "dismissed") == 0) {
            request->exclude_dismissed = true;
        } else {
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("unknown value \"%s\" in exclude", value),
                            errhint("exclude takes rated, seen and dismissed.")));
        }
    }
}

// A share, of which 0 stands for NULL.
double checked_share(const char* name, double value) {
    if (!(value >= 0 && value <= 1)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%s must be between 0 and 1, not %g", name, value)));
    }
    return value;
}

double diversity_argument(FunctionCallInfo fcinfo, int argument) {
    return PG_ARGISNULL(argument) ? 0
                                  : checked_share("diversity", PG_GETARG_FLOAT4(argument));
}

double explore_argument(FunctionCallInfo fcinfo, int argument) {
    return PG_ARGISNULL(argument) ? 0 : checked_share("explore", PG_GETARG_FLOAT8(argument));
}

// Without a seed each statement has one of its own. People draw apart under the same seed.
std::uint64_t seed_argument(FunctionCallInfo fcinfo, int argument, const Request* request) {
    std::uint64_t const seed =
        PG_ARGISNULL(argument)
            ? hash_combine64(static_cast<std::uint64_t>(GetCurrentStatementStartTimestamp()),
                             static_cast<std::uint64_t>(MyProcPid))
            : static_cast<std::uint64_t>(PG_GETARG_INT64(argument));
    std::uint64_t const person =
        request->has_user ? static_cast<std::uint64_t>(request->user_id) : ~std::uint64_t{0};
    return hash_combine64(hash_bytes_uint32_extended(static_cast<uint32>(seed), seed >> 32),
                          hash_bytes_uint32_extended(static_cast<uint32>(person), person >> 32));
}

Request* new_request(Mode mode) {
    Request* request = static_cast<Request*>(palloc0(sizeof(Request)));
    request->mode = mode;
    return request;
}

// user_id and query, and from argument `next` on max_results, recommender, the filters, exclude,
// diversity and history.
Request* for_a_person(FunctionCallInfo fcinfo, int next) {
    Request* request = new_request(Mode::kRecommend);
    request->has_user = !PG_ARGISNULL(0);
    request->user_id = request->has_user ? PG_GETARG_INT64(0) : 0;
    request->query = text_argument(fcinfo, 1);
    request->max_results = max_results_argument(fcinfo, next);
    request->filters = filter_arguments(fcinfo, next + 2);
    exclude_argument(fcinfo, next + 7, request);
    request->diversity = diversity_argument(fcinfo, next + 8);
    ArrayType* history = array_argument(fcinfo, next + 9, "history");
    if (history != nullptr) {
        request->history_count = ArrayGetNItems(ARR_NDIM(history), ARR_DIMS(history));
        if (request->history_count > kMaxHistory) {
            ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                            errmsg("history names %d snippets, more than %d",
                                   request->history_count, kMaxHistory),
                            errhint("Pass the newest ones only.")));
        }
        request->history = reinterpret_cast<const std::int64_t*>(ARR_DATA_PTR(history));
    }
    request->recommender = find_recommender(text_argument(fcinfo, next + 1));
    return request;
}

}  // namespace

Request* recommend_request(FunctionCallInfo fcinfo) {
    Request* const request = for_a_person(fcinfo, 2);
    request->explore = explore_argument(fcinfo, 12);
    request->seed = seed_argument(fcinfo, 13, request);
    return request;
}

Request* explain_request(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(2)) {
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("snippet_id must not be null"),
                        errhint("Name the snippet whose place is to be explained.")));
    }
    std::int64_t* const explained = static_cast<std::int64_t*>(palloc(sizeof(std::int64_t)));
    *explained = PG_GETARG_INT64(2);
    Request* const request = for_a_person(fcinfo, 3);
    request->explained = explained;
    return request;
}

Request* search_request(FunctionCallInfo fcinfo) {
    Request* request = new_request(Mode::kSearch);
    request->query = text_argument(fcinfo, 0);
    request->max_results = max_results_argument(fcinfo, 1);
    request->filters = filter_arguments(fcinfo, 3);
    request->recommender = find_recommender(text_argument(fcinfo, 2));
    return request;
}

Request* similar_request(FunctionCallInfo fcinfo) {
    Request* request = new_request(Mode::kSimilar);
    request->exclude_rated = true;   // the snippet itself
    request->max_results = max_results_argument(fcinfo, 1);
    request->filters = filter_arguments(fcinfo, 3);
    std::int64_t* history = static_cast<std::int64_t*>(palloc(sizeof(std::int64_t)));
    request->history_count = PG_ARGISNULL(0) ? 0 : 1;
    history[0] = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0);
    request->history = history;
    request->recommender = find_recommender(text_argument(fcinfo, 2));
    return request;
}

}  // namespace knowhow::server
