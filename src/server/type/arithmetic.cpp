// Operators that make vectors of vectors. Each result passes the checks of every input: a weight
// that real cannot hold is an error, one that rounds to zero leaves its term out.
#include "server/border/border.hpp"

#include <vector>

#include "engine/sparse/arithmetic.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {

// tfidf_add(tfidf, tfidf) -> tfidf, operator +
KNOWHOW_FUNCTION(tfidf_add) {
    VectorView const a = tfidf_view(PG_GETARG_DATUM(0));
    VectorView const b = tfidf_view(PG_GETARG_DATUM(1));
    return tfidf_datum(combine(a, 1, b, 1));
}

// tfidf_subtract(tfidf, tfidf) -> tfidf, operator -
KNOWHOW_FUNCTION(tfidf_subtract) {
    VectorView const a = tfidf_view(PG_GETARG_DATUM(0));
    VectorView const b = tfidf_view(PG_GETARG_DATUM(1));
    return tfidf_datum(combine(a, 1, b, -1));
}

// tfidf_multiply(tfidf, float8) -> tfidf, operator *
KNOWHOW_FUNCTION(tfidf_multiply) {
    VectorView const vector = tfidf_view(PG_GETARG_DATUM(0));
    return tfidf_datum(scale(vector, PG_GETARG_FLOAT8(1)));
}

// tfidf_multiply_by(float8, tfidf) -> tfidf, operator * the other way round
KNOWHOW_FUNCTION(tfidf_multiply_by) {
    VectorView const vector = tfidf_view(PG_GETARG_DATUM(1));
    return tfidf_datum(scale(vector, PG_GETARG_FLOAT8(0)));
}

// normalize(tfidf) -> tfidf
KNOWHOW_FUNCTION(tfidf_normalize) {
    VectorView const vector = tfidf_view(PG_GETARG_DATUM(0));
    return tfidf_datum(normalize(vector));
}

}  // namespace knowhow::server
