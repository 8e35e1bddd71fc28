// knowhow.parser: start, next token, end, token types; text_version().
#include "server/text/parser.hpp"

extern "C" {
#include <mb/pg_wchar.h>
#include <tsearch/ts_public.h>
}

#include <string>
#include <type_traits>

#include "engine/text/tokenizer.hpp"
#include "engine/text/version.hpp"
#include "server/border/border.hpp"
#include "server/text/encoding.hpp"

namespace knowhow::server {
namespace {

bool extra_tokens = false;
std::size_t extra_tokens_yielded = 0;

// A parse under way, palloc'd: an error that ends it leaves nothing to clean up.
struct Parse {
    Utf8Text text;
    text::Tokenizer tokenizer;
};
static_assert(std::is_trivially_destructible_v<Parse>);

}  // namespace

ExtraTokens::ExtraTokens() noexcept : outer_(extra_tokens), yielded_before_(extra_tokens_yielded) {
    extra_tokens = true;
}

ExtraTokens::~ExtraTokens() {
    extra_tokens = outer_;
}

std::size_t ExtraTokens::yielded() const noexcept {
    return extra_tokens_yielded - yielded_before_;
}

std::size_t piece_end(const char* text, std::size_t size, std::size_t wanted) noexcept {
    if (size <= wanted) {
        return size;
    }
    if (GetDatabaseEncoding() == PG_UTF8) {
        return text::safe_cut({text, size}, wanted);
    }
    // In every server encoding a byte below 128 is that ASCII character.
    for (std::size_t cut = wanted; cut > wanted / 2; --cut) {
        const char c = text[cut - 1];
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            return cut;
        }
    }
    std::size_t cut = 0;
    for (;;) {
        const auto length =
            static_cast<std::size_t>(pg_encoding_mblen(GetDatabaseEncoding(), text + cut));
        if (cut + length > wanted) {
            return cut == 0 ? wanted : cut;
        }
        cut += length;
    }
}

char* text_version() {
    char* result = nullptr;
    engine([&] {
        const std::string version = text::text_version();
        guarded([&] { result = pstrdup(version.c_str()); });
    });
    return result;
}

}  // namespace knowhow::server

using namespace knowhow;
using namespace knowhow::server;

// parser_start(internal text, int4 length) returns internal
KNOWHOW_FUNCTION(knowhow_parser_start) {
    const auto* text = reinterpret_cast<const char*>(PG_GETARG_POINTER(0));
    const auto size = static_cast<std::size_t>(PG_GETARG_INT32(1));
    const Utf8Text converted = utf8_text(text, size);
    auto* parse = static_cast<Parse*>(palloc(sizeof(Parse)));
    new (parse)
        Parse{converted, text::Tokenizer({converted.utf8, converted.utf8_size}, extra_tokens)};
    PG_RETURN_POINTER(parse);
}

// parser_next(internal parse, internal char **token, internal int *length) returns internal: the
// token's type, 0 at the end
KNOWHOW_FUNCTION(knowhow_parser_next) {
    auto* parse = reinterpret_cast<Parse*>(PG_GETARG_POINTER(0));
    auto** start = reinterpret_cast<const char**>(PG_GETARG_POINTER(1));
    auto* length = reinterpret_cast<int*>(PG_GETARG_POINTER(2));
    // Callers such as to_tsvector read a whole document without asking.
    CHECK_FOR_INTERRUPTS();
    text::Token token;
    if (!parse->tokenizer.next(token)) {
        *start = parse->text.text + parse->text.text_size;
        *length = 0;
        PG_RETURN_INT32(0);
    }
    if (token.type >= text::TokenType::kRunWord) {
        ++extra_tokens_yielded;
    }
    const std::size_t begin = original_offset(parse->text, token.begin);
    *start = parse->text.text + begin;
    *length = static_cast<int>(original_offset(parse->text, token.end) - begin);
    PG_RETURN_INT32(static_cast<int>(token.type));
}

// parser_end(internal parse) returns void
KNOWHOW_FUNCTION(knowhow_parser_end) {
    auto* parse = reinterpret_cast<Parse*>(PG_GETARG_POINTER(0));
    if (parse->text.utf8 != parse->text.text) {
        pfree(const_cast<char*>(parse->text.utf8));
    }
    if (parse->text.steps != nullptr) {
        pfree(parse->text.steps);
    }
    pfree(parse);
    PG_RETURN_VOID();
}

// parser_types(internal) returns internal
KNOWHOW_FUNCTION(knowhow_parser_types) {
    auto* types = static_cast<LexDescr*>(palloc0(sizeof(LexDescr) * (text::kTokenTypes + 1)));
    for (int type = 1; type <= text::kTokenTypes; ++type) {
        types[type - 1].lexid = type;
        types[type - 1].alias = pstrdup(text::token_alias(type));
        types[type - 1].descr = pstrdup(text::token_description(type));
    }
    PG_RETURN_POINTER(types);
}

// text_version() returns text
KNOWHOW_FUNCTION(knowhow_text_version) {
    PG_RETURN_TEXT_P(cstring_to_text(text_version()));
}
