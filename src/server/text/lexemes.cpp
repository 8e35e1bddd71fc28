#include "server/text/lexemes.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <catalog/pg_ts_config.h>
#include <mb/pg_wchar.h>
#include <tsearch/ts_cache.h>
#include <tsearch/ts_public.h>
#include <tsearch/ts_utils.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

#include <algorithm>
#include <cstring>
#include <string_view>

#include "server/text/lexeme_cache.hpp"
#include "server/text/parser.hpp"

namespace knowhow::server {
namespace {

// Small enough that a piece takes a few milliseconds, large enough that starting the parser
// costs nothing beside it.
constexpr std::size_t kPieceBytes = 64 * 1024;

struct Lexeme {
    const char* bytes;
    int size;
    bool extra;
};

// The lexemes of one piece, in order; everything lives in the piece's memory context, or in the
// cache until the next piece begins.
struct Lexemes {
    Lexeme* items;
    std::size_t count;
    std::size_t capacity;
};

void notice_too_long() {
    ereport(NOTICE,
            (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("word is too long to be indexed"),
             errdetail("Words longer than %d characters are ignored.", MAXSTRLEN)));
}

void append(Lexemes& lexemes, const char* bytes, std::size_t size, bool extra) {
    if (size == 0) {
        return;
    }
    if (size > kMaxLexemeBytes) {
        notice_too_long();
        return;
    }
    if (lexemes.count == lexemes.capacity) {
        lexemes.capacity *= 2;
        lexemes.items =
            static_cast<Lexeme*>(repalloc_huge(lexemes.items, lexemes.capacity * sizeof(Lexeme)));
    }
    lexemes.items[lexemes.count++] = {bytes, static_cast<int>(size), extra};
}

// Appends one of several lexemes of a token, the first of which stands at `begin`: each counts
// once, though two ways of taking a compound word apart may share it.
void append_variant(Lexemes& lexemes, std::size_t begin, const char* bytes, std::size_t size,
                    bool extra) {
    for (std::size_t i = begin; i < lexemes.count; ++i) {
        if (static_cast<std::size_t>(lexemes.items[i].size) == size &&
            memcmp(lexemes.items[i].bytes, bytes, size) == 0) {
            return;
        }
    }
    append(lexemes, bytes, size, extra);
}

// Asks a token type's dictionaries, one after the other, until one knows the token: *lexemes is
// then set (an empty list for a stop word), else nullptr. False when a dictionary wants to see
// the tokens that follow (a thesaurus), which needs PostgreSQL's own loop.
bool lexize(const ListDictionary& dictionaries, const char* token, int size,
            const TSLexeme** lexemes) {
    *lexemes = nullptr;
    for (int i = 0; i < dictionaries.len; ++i) {
        TSDictionaryCacheEntry* const dictionary =
            lookup_ts_dictionary_cache(dictionaries.dictIds[i]);
        DictSubState state{};
        const auto* const found = reinterpret_cast<const TSLexeme*>(DatumGetPointer(
            FunctionCall4(&dictionary->lexize, PointerGetDatum(dictionary->dictData),
                          PointerGetDatum(token), Int32GetDatum(size), PointerGetDatum(&state))));
        if (state.getnext) {
            return false;
        }
        if (found == nullptr) {
            continue;
        }
        if ((found->flags & TSL_FILTER) == 0) {
            *lexemes = found;
            return true;
        }
        token = found->lexeme;
        size = static_cast<int>(strlen(token));
    }
    return true;
}

// Reads a piece token by token, through the cache. False as lexize().
bool read_tokens(Oid config_id, const char* text, int size, const ExtraTokens& extra,
                 Lexemes& lexemes) {
    TSConfigCacheEntry* const config = lookup_ts_config_cache(config_id);
    TSParserCacheEntry* const parser = lookup_ts_parser_cache(config->prsId);
    Datum const parse =
        FunctionCall2(&parser->prsstart, PointerGetDatum(text), Int32GetDatum(size));
    bool complete = true;
    std::size_t extra_before = extra.yielded();
    for (;;) {
        char* token = nullptr;
        int token_size = 0;
        int const type = DatumGetInt32(FunctionCall3(
            &parser->prstoken, parse, PointerGetDatum(&token), PointerGetDatum(&token_size)));
        if (type <= 0) {
            break;
        }
        std::size_t const extra_now = extra.yielded();
        bool const is_extra = extra_now != extra_before;
        extra_before = extra_now;
        if (type >= config->lenmap || config->map[type].len == 0) {
            continue;
        }
        if (token_size >= MAXSTRLEN) {
            notice_too_long();
            continue;
        }
        TokenKey const key = token_key(config_id, type, token, token_size);
        CachedLexeme cached;
        if (find_lexeme(key, &cached)) {
            append(lexemes, cached.bytes, static_cast<std::size_t>(cached.size), is_extra);
            continue;
        }
        const TSLexeme* found;
        if (!lexize(config->map[type], token, token_size, &found)) {
            complete = false;
            break;
        }
        if (found == nullptr || found->lexeme == nullptr) {
            remember_lexeme(key, "", 0);
            continue;
        }
        if (found[1].lexeme == nullptr) {
            remember_lexeme(key, found->lexeme, static_cast<int>(strlen(found->lexeme)));
        }
        std::size_t const begin = lexemes.count;
        for (; found->lexeme != nullptr; ++found) {
            append_variant(lexemes, begin, found->lexeme, strlen(found->lexeme), is_extra);
        }
    }
    FunctionCall1(&parser->prsend, parse);
    return complete;
}

// Reads a piece by PostgreSQL's own loop.
void read_with_context(Oid config, const char* text, int size, Lexemes& lexemes) {
    ParsedText parsed{};
    parsed.lenwords = std::max(size / 6, 16);
    parsed.words = static_cast<ParsedWord*>(
        palloc(static_cast<std::size_t>(parsed.lenwords) * sizeof(ParsedWord)));
    parsetext(config, &parsed, const_cast<char*>(text), size);
    std::size_t begin = 0;
    for (int i = 0; i < parsed.curwords; ++i) {
        const ParsedWord& word = parsed.words[i];
        // The lexemes of one token share a position, until positions reach their limit.
        if (i == 0 || word.pos.pos != parsed.words[i - 1].pos.pos ||
            word.pos.pos >= MAXENTRYPOS - 1) {
            begin = lexemes.count;
        }
        append_variant(lexemes, begin, word.word, word.len, false);
    }
}

Lexemes read_piece(Oid config, const char* text, std::size_t size, const ExtraTokens& extra) {
    begin_lexeme_cache_use();
    Lexemes lexemes{};
    lexemes.capacity = size / 4 + 16;
    lexemes.items = static_cast<Lexeme*>(palloc(lexemes.capacity * sizeof(Lexeme)));
    if (!read_tokens(config, text, static_cast<int>(size), extra, lexemes)) {
        lexemes.count = 0;
        read_with_context(config, text, static_cast<int>(size), lexemes);
    }
    return lexemes;
}

// Where the piece after `text`'s first `piece` bytes begins: one character before its end, unless
// that is ASCII. Where a run of Han was cut, the pair across the cut is so counted, and no other
// one twice; a character that is part of no token does no harm in either piece.
std::size_t next_piece(const char* text, std::size_t piece) noexcept {
    if (!IS_HIGHBIT_SET(text[piece - 1])) {
        return piece;
    }
    std::size_t last = 0;
    if (GetDatabaseEncoding() == PG_UTF8) {
        last = piece - 1;
        while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) {
            --last;
        }
    } else {
        for (std::size_t at = 0; at < piece;) {
            last = at;
            at += static_cast<std::size_t>(pg_encoding_mblen(GetDatabaseEncoding(), text + at));
        }
    }
    return last > 0 ? last : piece;
}

}  // namespace

void add_lexemes(Oid config, const char* text, std::size_t size, double factor, double extra_count,
                 LexemeCounts& counts) {
    if (size == 0) {
        return;
    }
    ExtraTokens extra;
    InterruptMonitor monitor;
    MemoryContext memory = nullptr;
    guarded([&] {
        memory = AllocSetContextCreate(CurrentMemoryContext, "knowhow text piece",
                                       ALLOCSET_DEFAULT_SIZES);
    });
    for (;;) {
        std::size_t const piece = piece_end(text, size, kPieceBytes);
        Lexemes lexemes{};
        guarded([&] {
            MemoryContext const caller = MemoryContextSwitchTo(memory);
            lexemes = read_piece(config, text, piece, extra);
            MemoryContextSwitchTo(caller);
        });
        for (std::size_t i = 0; i < lexemes.count; ++i) {
            const Lexeme& lexeme = lexemes.items[i];
            counts.terms.add(std::string_view(lexeme.bytes, static_cast<std::size_t>(lexeme.size)),
                             lexeme.extra ? factor * extra_count : factor);
            if (!lexeme.extra) {
                counts.length += factor;
            }
        }
        if (piece == size) {
            break;
        }
        std::size_t const next = next_piece(text, piece);
        text += next;
        size -= next;
        guarded([&] { MemoryContextReset(memory); });
        monitor.poll();
    }
    // Not reached after an error: the context is then deleted with its parent.
    guarded([&] { MemoryContextDelete(memory); });
}

Oid multilingual_config() {
    Oid const schema = get_namespace_oid("knowhow", false);
    Oid const config = GetSysCacheOid2(TSCONFIGNAMENSP, Anum_pg_ts_config_oid,
                                       CStringGetDatum("multilingual"), ObjectIdGetDatum(schema));
    if (!OidIsValid(config)) {
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT),
                 errmsg("text search configuration \"knowhow.multilingual\" does not exist"),
                 errhint("Name another configuration, as in to_tfidf('english', document).")));
    }
    return config;
}

}  // namespace knowhow::server
