// The operators that rank: they run once per row of a sequential scan, so nothing is copied that
// need not be.
#include "server/border/border.hpp"

#include <cmath>

#include "engine/sparse/arithmetic.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {

// tfidf_negative_inner_product(tfidf, tfidf) -> float8, operator <#>
KNOWHOW_FUNCTION(tfidf_negative_inner_product) {
    VectorView const a = tfidf_argument(fcinfo, 0);
    VectorView const b = tfidf_argument(fcinfo, 1);
    // 0 - x, so that nothing in common is 0 and not -0.
    PG_RETURN_FLOAT8(0 - dot(a, b));
}

// tfidf_cosine_distance(tfidf, tfidf) -> float8, operator <=>
KNOWHOW_FUNCTION(tfidf_cosine_distance) {
    VectorView const a = tfidf_argument(fcinfo, 0);
    VectorView const b = tfidf_argument(fcinfo, 1);
    PG_RETURN_FLOAT8(cosine_distance(a, b));
}

// tfidf_euclidean_distance(tfidf, tfidf) -> float8, operator <->
KNOWHOW_FUNCTION(tfidf_euclidean_distance) {
    VectorView const a = tfidf_argument(fcinfo, 0);
    VectorView const b = tfidf_argument(fcinfo, 1);
    PG_RETURN_FLOAT8(euclidean_distance(a, b));
}

// tfidf_overlap(tfidf, tfidf) -> boolean, operator &&
KNOWHOW_FUNCTION(tfidf_overlap) {
    VectorView const a = tfidf_argument(fcinfo, 0);
    VectorView const b = tfidf_argument(fcinfo, 1);
    PG_RETURN_BOOL(overlap(a, b));
}

// norm(tfidf) -> float8
KNOWHOW_FUNCTION(tfidf_norm) {
    PG_RETURN_FLOAT8(std::sqrt(squared_norm(tfidf_view(PG_GETARG_DATUM(0)))));
}

// length(tfidf) -> integer
KNOWHOW_FUNCTION(tfidf_length) {
    PG_RETURN_INT32(static_cast<int32>(tfidf_view(PG_GETARG_DATUM(0)).size()));
}

}  // namespace knowhow::server
