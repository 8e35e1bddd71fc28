// The SQL type knowhow.tfidf as a Datum: how server code reads and makes one.
#pragma once

#include "server/border/postgres.hpp"

#include <span>

#include "engine/sparse/vector.hpp"

namespace knowhow::server {

// Views a tfidf datum, after fetching and decompressing it where it is toasted; otherwise nothing
// is copied, a short varlena header included. The view points into the datum or into memory of
// CurrentMemoryContext. For PostgreSQL phases: a failing fetch is a PostgreSQL error.
VectorView tfidf_view(Datum datum);

// Views argument `n` of a function that is called once per row. A toasted argument that the
// planner knows to be the same in every call (a constant, a parameter) is fetched once, not once
// per row. For PostgreSQL phases.
VectorView tfidf_argument(FunctionCallInfo fcinfo, int n);

// Makes a datum, in CurrentMemoryContext, of terms that are in the order of bytes, each once.
// Callable from engine code and from PostgreSQL phases inside a KNOWHOW_FUNCTION: errors are
// exceptions, namely those of encoded_size().
Datum tfidf_datum(std::span<const TermWeight> sorted);

}  // namespace knowhow::server
