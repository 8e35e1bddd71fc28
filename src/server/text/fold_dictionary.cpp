// The text search dictionary knowhow.fold: hands on each word with case, width and accents folded.
#include "server/border/border.hpp"

extern "C" {
#include <commands/defrem.h>
#include <mb/pg_wchar.h>
#include <tsearch/ts_public.h>
}

#include <string>

#include "engine/text/fold.hpp"
#include "server/text/encoding.hpp"

using namespace knowhow;
using namespace knowhow::server;

namespace {

// A lexeme must fit into a tsvector.
constexpr std::size_t kMaxLexemeBytes = 2046;

}  // namespace

// fold_init(internal options) returns internal: the template has no options
KNOWHOW_FUNCTION(knowhow_fold_init) {
    auto* options = reinterpret_cast<List*>(PG_GETARG_POINTER(0));
    if (options != NIL) {
        const auto* option = static_cast<const DefElem*>(linitial(options));
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("unrecognized parameter of dictionary template \"fold\": \"%s\"",
                               option->defname),
                        errhint("The template takes no parameters.")));
    }
    // The dictionary has no state, but NULL would be taken for a failure to start.
    PG_RETURN_POINTER(palloc0(1));
}

// fold_lexize(internal dictionary, internal token, internal length, internal state) returns
// internal: NULL (the token goes on as it is) where nothing changes
KNOWHOW_FUNCTION(knowhow_fold_lexize) {
    const auto* token = reinterpret_cast<const char*>(PG_GETARG_POINTER(1));
    const auto size = static_cast<std::size_t>(PG_GETARG_INT32(2));
    const Utf8Text text = utf8_text(token, size);
    char* folded = nullptr;
    std::size_t folded_size = 0;
    {
        std::string result;
        if (text::fold({text.utf8, text.utf8_size}, result)) {
            guarded([&] { folded = from_utf8(result.data(), result.size(), &folded_size); });
        }
    }
    if (folded == nullptr || folded_size > kMaxLexemeBytes) {
        PG_RETURN_POINTER(nullptr);
    }
    auto* lexemes = static_cast<TSLexeme*>(palloc0(sizeof(TSLexeme) * 2));
    if (folded_size > 0) {  // nothing but invisible characters is a word to leave out
        lexemes[0].flags = TSL_FILTER;
        lexemes[0].lexeme = folded;
    }
    PG_RETURN_POINTER(lexemes);
}
