// A vector as rows.
#include "server/border/border.hpp"

extern "C" {
#include <access/htup_details.h>
#include <funcapi.h>
}

#include "server/type/tfidf.hpp"

namespace knowhow::server {

// lexemes(tfidf) -> setof (lexeme text, weight real), in the order of bytes
KNOWHOW_FUNCTION(tfidf_lexemes) {
    if (SRF_IS_FIRSTCALL()) {
        FuncCallContext* const calls = SRF_FIRSTCALL_INIT();
        MemoryContext const before = MemoryContextSwitchTo(calls->multi_call_memory_ctx);
        // A copy, because the argument need not outlive this call.
        VectorView* const vector = static_cast<VectorView*>(palloc(sizeof(VectorView)));
        *vector = tfidf_view(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))));
        calls->user_fctx = vector;
        calls->max_calls = vector->size();
        TupleDesc description;
        if (get_call_result_type(fcinfo, nullptr, &description) != TYPEFUNC_COMPOSITE) {
            elog(ERROR, "lexemes() must return a row type");
        }
        calls->tuple_desc = BlessTupleDesc(description);
        MemoryContextSwitchTo(before);
    }
    FuncCallContext* const calls = SRF_PERCALL_SETUP();
    if (calls->call_cntr >= calls->max_calls) {
        SRF_RETURN_DONE(calls);
    }
    const VectorView* const vector = static_cast<const VectorView*>(calls->user_fctx);
    std::uint32_t const i = static_cast<std::uint32_t>(calls->call_cntr);
    std::string_view const term = vector->term(i);
    Datum values[] = {
        PointerGetDatum(cstring_to_text_with_len(term.data(), static_cast<int>(term.size()))),
        Float4GetDatum(vector->weight(i))};
    bool nulls[] = {false, false};
    SRF_RETURN_NEXT(calls, HeapTupleGetDatum(heap_form_tuple(calls->tuple_desc, values, nulls)));
}

}  // namespace knowhow::server
