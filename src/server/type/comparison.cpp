// Order, equality and hash of knowhow.tfidf. Equal values are equal bytes
// (engine/sparse/vector.hpp), so equality and hash look at bytes alone. Copies that detoasting
// makes are freed at once: an index build calls these for every pair in one memory context.
#include "server/border/border.hpp"

extern "C" {
#include <access/detoast.h>
#include <common/hashfn.h>
}

#include <cstring>

#include "engine/sparse/arithmetic.hpp"

namespace knowhow::server {
namespace {

int compare_arguments(FunctionCallInfo fcinfo) {
    struct varlena* const a = PG_GETARG_VARLENA_PP(0);
    struct varlena* const b = PG_GETARG_VARLENA_PP(1);
    int const order = compare(VectorView(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a)),
                              VectorView(VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b)));
    PG_FREE_IF_COPY(a, 0);
    PG_FREE_IF_COPY(b, 1);
    return order;
}

bool arguments_are_equal(FunctionCallInfo fcinfo) {
    // Sizes are known without fetching the values.
    if (toast_raw_datum_size(PG_GETARG_DATUM(0)) != toast_raw_datum_size(PG_GETARG_DATUM(1))) {
        return false;
    }
    struct varlena* const a = PG_GETARG_VARLENA_PP(0);
    struct varlena* const b = PG_GETARG_VARLENA_PP(1);
    bool const equal = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
    PG_FREE_IF_COPY(a, 0);
    PG_FREE_IF_COPY(b, 1);
    return equal;
}

}  // namespace

// tfidf_eq(tfidf, tfidf) -> boolean, operator =; and its negation, operator <>
KNOWHOW_FUNCTION(tfidf_eq) {
    PG_RETURN_BOOL(arguments_are_equal(fcinfo));
}
KNOWHOW_FUNCTION(tfidf_ne) {
    PG_RETURN_BOOL(!arguments_are_equal(fcinfo));
}

// tfidf_lt(tfidf, tfidf) -> boolean and so on, operators < <= > >=
KNOWHOW_FUNCTION(tfidf_lt) {
    PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}
KNOWHOW_FUNCTION(tfidf_le) {
    PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}
KNOWHOW_FUNCTION(tfidf_gt) {
    PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}
KNOWHOW_FUNCTION(tfidf_ge) {
    PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

// tfidf_cmp(tfidf, tfidf) -> integer: -1, 0 or 1, for btree
KNOWHOW_FUNCTION(tfidf_cmp) {
    PG_RETURN_INT32(compare_arguments(fcinfo));
}

// tfidf_hash(tfidf) -> integer, for hash joins and indexes
KNOWHOW_FUNCTION(tfidf_hash) {
    struct varlena* const value = PG_GETARG_VARLENA_PP(0);
    Datum const hash = hash_any(reinterpret_cast<unsigned char*>(VARDATA_ANY(value)),
                                static_cast<int>(VARSIZE_ANY_EXHDR(value)));
    PG_FREE_IF_COPY(value, 0);
    return hash;
}

// tfidf_hash_extended(tfidf, bigint) -> bigint, for hash partitioning
KNOWHOW_FUNCTION(tfidf_hash_extended) {
    struct varlena* const value = PG_GETARG_VARLENA_PP(0);
    Datum const hash = hash_any_extended(reinterpret_cast<unsigned char*>(VARDATA_ANY(value)),
                                         static_cast<int>(VARSIZE_ANY_EXHDR(value)),
                                         static_cast<uint64>(PG_GETARG_INT64(1)));
    PG_FREE_IF_COPY(value, 0);
    return hash;
}

}  // namespace knowhow::server
