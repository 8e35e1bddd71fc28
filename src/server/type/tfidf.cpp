#include "server/type/tfidf.hpp"

#include <cstring>

#include "server/border/border.hpp"

namespace knowhow::server {
namespace {

VectorView view_of(const void* detoasted) {
    return VectorView(VARDATA_ANY(detoasted), VARSIZE_ANY_EXHDR(detoasted));
}

// The last toasted value that an argument had, and the same value fetched. The key is the value as
// it is stored, byte for byte (a toast pointer, or at most some 2 kB of compressed data): a
// pointer would be no key, because memory is used again, and "stable" alone none either, because
// PL/pgSQL keeps the state of an expression over several executions.
struct FetchedArgument {
    Size stored_bytes;
    void* stored;
    struct varlena* fetched;
};

constexpr int kCachedArguments = 2;

}  // namespace

VectorView tfidf_view(Datum datum) {
    return view_of(PG_DETOAST_DATUM_PACKED(datum));
}

VectorView tfidf_argument(FunctionCallInfo fcinfo, int n) {
    Datum const datum = PG_GETARG_DATUM(n);
    const void* stored = DatumGetPointer(datum);
    bool const toasted = VARATT_IS_EXTERNAL_ONDISK(stored) ||
                         (!VARATT_IS_EXTERNAL(stored) && VARATT_IS_4B_C(stored));
    if (!toasted || n >= kCachedArguments || fcinfo->flinfo == nullptr ||
        !get_fn_expr_arg_stable(fcinfo->flinfo, n)) {
        return tfidf_view(datum);
    }
    if (fcinfo->flinfo->fn_extra == nullptr) {
        fcinfo->flinfo->fn_extra = MemoryContextAllocZero(
            fcinfo->flinfo->fn_mcxt, sizeof(FetchedArgument) * kCachedArguments);
    }
    FetchedArgument& last = static_cast<FetchedArgument*>(fcinfo->flinfo->fn_extra)[n];
    Size const bytes = VARSIZE_ANY(stored);
    if (last.fetched == nullptr || last.stored_bytes != bytes ||
        memcmp(last.stored, stored, bytes) != 0) {
        if (last.fetched != nullptr) {
            pfree(last.fetched);
            last.fetched = nullptr;
            pfree(last.stored);
        }
        MemoryContext const before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
        last.stored_bytes = bytes;
        last.stored = memcpy(palloc(bytes), stored, bytes);
        last.fetched = PG_DETOAST_DATUM(datum);
        MemoryContextSwitchTo(before);
    }
    return view_of(last.fetched);
}

Datum tfidf_datum(std::span<const TermWeight> sorted) {
    std::size_t const bytes = encoded_size(sorted) + VARHDRSZ;
    struct varlena* value = nullptr;
    guarded([&] { value = static_cast<struct varlena*>(palloc(bytes)); });
    SET_VARSIZE(value, bytes);
    encode(sorted, VARDATA(value));
    return PointerGetDatum(value);
}

}  // namespace knowhow::server
