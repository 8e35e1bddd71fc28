// Text and binary input and output of knowhow.tfidf. Neither input trusts its bytes; both end in
// the same checks, those of tfidf_datum().
#include "server/border/border.hpp"

extern "C" {
#include <libpq/pqformat.h>
#include <mb/pg_wchar.h>
}

#include <cstring>
#include <vector>

#include "engine/sparse/text_form.hpp"
#include "engine/sparse/wire_form.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {

// tfidf_in(cstring) -> tfidf
KNOWHOW_FUNCTION(tfidf_in) {
    const char* const text = PG_GETARG_CSTRING(0);
    ParsedText const parsed(text);
    return tfidf_datum(parsed.terms());
}

// tfidf_out(tfidf) -> cstring
KNOWHOW_FUNCTION(tfidf_out) {
    VectorView const vector = tfidf_view(PG_GETARG_DATUM(0));
    char* const text = static_cast<char*>(palloc(text_bound(vector) + 1));
    *print_text(vector, text) = '\0';
    PG_RETURN_CSTRING(text);
}

// tfidf_recv(internal) -> tfidf. The format stands in engine/sparse/wire_form.hpp.
KNOWHOW_FUNCTION(tfidf_recv) {
    StringInfo const message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int const bytes = message->len - message->cursor;
    const char* const begin = pq_getmsgbytes(message, bytes);
    std::vector<TermWeight> terms = decode_wire(begin, static_cast<std::size_t>(bytes));
    guarded([&] {
        // Converts, and verifies the encoding of each lexeme by itself, also where client and
        // server have the same: half a character here and half in the next are two wrong ones.
        for (TermWeight& term : terms) {
            const char* const converted =
                pg_client_to_server(term.term.data(), static_cast<int>(term.term.size()));
            if (converted != term.term.data()) {
                term.term = converted;
            }
        }
    });
    canonicalize(terms);
    return tfidf_datum(terms);
}

// tfidf_send(tfidf) -> bytea
KNOWHOW_FUNCTION(tfidf_send) {
    VectorView const vector = tfidf_view(PG_GETARG_DATUM(0));
    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendint32(&message, vector.size());
    for (std::uint32_t i = 0; i < vector.size(); ++i) {
        std::string_view const term = vector.term(i);
        pq_sendfloat4(&message, vector.weight(i));
        const char* const converted =
            pg_server_to_client(term.data(), static_cast<int>(term.size()));
        std::size_t const bytes = converted == term.data() ? term.size() : strlen(converted);
        pq_sendint32(&message, static_cast<uint32>(bytes));
        pq_sendbytes(&message, converted, static_cast<int>(bytes));
    }
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

}  // namespace knowhow::server
