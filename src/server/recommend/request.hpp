// What a caller of recommend(), search() or similar() asks for, checked and in plain memory.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <utils/array.h>
}

#include "server/catalog/recommender.hpp"

namespace knowhow::server {

// Filters that are NULL do not filter; an empty array lets nothing through.
struct Filters {
    ArrayType* kinds;          // text[]: snippets.kind
    ArrayType* teams;          // bigint[]: snippets.team_id
    ArrayType* topics;         // text[]: labels of kind topic
    ArrayType* tags;           // text[]: labels of kind tag
    ArrayType* difficulties;   // text[]: labels of kind difficulty
};

enum class Mode {
    kRecommend,   // for a person (or a list of snippets in place of one), with or without a query
    kSearch,      // by text alone
    kSimilar,     // with one snippet in place of a person's history
};

struct Request {
    Mode mode;
    Recommender* recommender;
    bool has_user;
    std::int64_t user_id;
    const char* query;   // NULL or in the database encoding
    int max_results;     // 0 to kMaxResults
    Filters filters;
    bool exclude_rated;
    bool exclude_seen;
    bool exclude_dismissed;
    double diversity;               // 0 (none) to 1
    double explore;                 // share of ranks drawn by chance, 0 (none) to 1
    std::uint64_t seed;             // of what is drawn
    const std::int64_t* history;    // NULL: the stored one of the person
    int history_count;
    const std::int64_t* explained;  // the snippet to be explained; NULL: answers are asked for
};

constexpr int kMaxResults = 100000;
// As many as parameter history may let count.
constexpr int kMaxHistory = 10000;

// Read the arguments of the four functions in the order of their declarations in
// 70_recommend.sql. Allocate in the current memory context. Errors: 22023 for a value outside
// its range, and those of find_recommender().
Request* recommend_request(FunctionCallInfo fcinfo);
Request* search_request(FunctionCallInfo fcinfo);
Request* similar_request(FunctionCallInfo fcinfo);
Request* explain_request(FunctionCallInfo fcinfo);

}  // namespace knowhow::server
