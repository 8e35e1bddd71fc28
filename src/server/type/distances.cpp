// The operators that rank: they run once per row of a sequential scan, so nothing is copied that
// need not be.
#include "server/border/border.hpp"

#include <cmath>
#include <cstring>

#include "engine/sparse/arithmetic.hpp"
#include "engine/sparse/prepared.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

// Larger ones would take much memory for a saving of little weight.
constexpr std::uint32_t kMaxPreparedTerms = 1 << 16;

// Between the calls of one expression: the argument that stays the same from row to row, ready to
// be multiplied. The key is the value as it is stored, byte for byte (tfidf.cpp says why).
struct StableArgument {
    int number;   // 0 or 1; -1: neither stays the same
    Size stored_bytes;
    char* stored;   // NULL before the first use
    struct varlena* fetched;
    VectorView view;            // of `fetched`
    PreparedVector* prepared;   // of `view`; empty where that is too large

    double dot(VectorView row) const {
        return view.size() <= kMaxPreparedTerms ? prepared->dot(row) : knowhow::dot(view, row);
    }
};

StableArgument* stable_argument(FunctionCallInfo fcinfo) {
    FmgrInfo* function = fcinfo->flinfo;
    if (function == nullptr) {
        return nullptr;
    }
    StableArgument* stable = static_cast<StableArgument*>(function->fn_extra);
    if (stable == nullptr) {
        stable = static_cast<StableArgument*>(
            MemoryContextAllocZero(function->fn_mcxt, sizeof(StableArgument)));
        stable->number = get_fn_expr_arg_stable(function, 1)   ? 1
                         : get_fn_expr_arg_stable(function, 0) ? 0
                                                               : -1;
        function->fn_extra = stable;
    }
    if (stable->number < 0) {
        return nullptr;
    }
    const void* stored = PG_GETARG_POINTER(stable->number);
    Size const bytes = VARSIZE_ANY(stored);
    if (stable->stored != nullptr && stable->stored_bytes == bytes &&
        memcmp(stable->stored, stored, bytes) == 0) {
        return stable;
    }
    MemoryContext const before = MemoryContextSwitchTo(function->fn_mcxt);
    if (stable->stored != nullptr) {
        pfree(stable->stored);
        stable->stored = nullptr;
        pfree(stable->fetched);
    }
    stable->fetched = PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(stable->number));
    char* copy = static_cast<char*>(palloc(bytes));
    memcpy(copy, stored, bytes);
    stable->view = tfidf_view(PointerGetDatum(stable->fetched));
    if (stable->prepared == nullptr) {
        stable->prepared = adopt(function->fn_mcxt, std::make_unique<PreparedVector>());
    }
    *stable->prepared = stable->view.size() <= kMaxPreparedTerms ? PreparedVector(stable->view)
                                                                 : PreparedVector();
    stable->stored_bytes = bytes;
    stable->stored = copy;
    MemoryContextSwitchTo(before);
    return stable;
}

}  // namespace

// tfidf_negative_inner_product(tfidf, tfidf) -> float8, operator <#>
KNOWHOW_FUNCTION(tfidf_negative_inner_product) {
    StableArgument* stable = stable_argument(fcinfo);
    if (stable != nullptr) {
        PG_RETURN_FLOAT8(0 - stable->dot(tfidf_view(PG_GETARG_DATUM(1 - stable->number))));
    }
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
