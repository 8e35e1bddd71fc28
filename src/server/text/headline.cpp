// The headline function of knowhow.parser: what ts_headline shows of a document.
//
// The parser's pairs overlap, so that printing token after token would print most characters of
// Chinese text twice. Here the tokens become pieces that cover each byte once; a piece belongs to
// one token, or to the two pairs that share its character.
#include "server/border/border.hpp"

extern "C" {
#include <commands/defrem.h>
#include <mb/pg_wchar.h>
#include <tsearch/ts_public.h>
#include <tsearch/ts_utils.h>
}

#include "engine/text/headline.hpp"
#include "engine/text/tokenizer.hpp"

using namespace knowhow;
using namespace knowhow::server;

namespace {

constexpr int kNone = -1;
constexpr int kPairType = static_cast<int>(text::TokenType::kPair);
constexpr int kBlankType = static_cast<int>(text::TokenType::kBlank);
constexpr int kMaxPieceBytes = 0xFFFF;  // the width of HeadlineWordEntry.len

struct Options {
    text::HeadlineOptions choice = {35, 15, 0};
    int short_word = 3;
    bool all = false;
    const char* start = "<b>";
    const char* stop = "</b>";
    const char* delimiter = " ... ";
};

bool named(const DefElem* option, const char* name) {
    return pg_strcasecmp(option->defname, name) == 0;
}

bool truth(const char* value) {
    return pg_strcasecmp(value, "1") == 0 || pg_strcasecmp(value, "on") == 0 ||
           pg_strcasecmp(value, "true") == 0 || pg_strcasecmp(value, "t") == 0 ||
           pg_strcasecmp(value, "y") == 0 || pg_strcasecmp(value, "yes") == 0;
}

void refuse(const char* name, int value, const char* rule) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("headline option %s must be %s, not %d", name, rule, value)));
}

// The options of ts_headline, the same as those of the default parser.
Options read_options(List* list) {
    Options options;
    int max_words = 35;
    int min_words = 15;
    int max_fragments = 0;
    ListCell* cell;
    foreach (cell, list) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        char* value = defGetString(option);
        if (named(option, "MaxWords")) {
            max_words = pg_strtoint32(value);
        } else if (named(option, "MinWords")) {
            min_words = pg_strtoint32(value);
        } else if (named(option, "ShortWord")) {
            options.short_word = pg_strtoint32(value);
        } else if (named(option, "MaxFragments")) {
            max_fragments = pg_strtoint32(value);
        } else if (named(option, "StartSel")) {
            options.start = value;
        } else if (named(option, "StopSel")) {
            options.stop = value;
        } else if (named(option, "FragmentDelimiter")) {
            options.delimiter = value;
        } else if (named(option, "HighlightAll")) {
            options.all = truth(value);
        } else {
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("unrecognized headline parameter: \"%s\"", option->defname)));
        }
    }
    if (!options.all) {
        if (min_words <= 0) {
            refuse("MinWords", min_words, "positive");
        }
        if (max_words <= min_words) {
            refuse("MaxWords", max_words, "greater than MinWords");
        }
        if (options.short_word < 0) {
            refuse("ShortWord", options.short_word, "at least 0");
        }
        if (max_fragments < 0) {
            refuse("MaxFragments", max_fragments, "at least 0");
        }
        options.choice = {static_cast<std::size_t>(max_words), static_cast<std::size_t>(min_words),
                          static_cast<std::size_t>(max_fragments)};
    }
    return options;
}

// Where the character that two pairs share starts in the first of them; 0 where they do not
// overlap.
int shared_character(const HeadlineWordEntry& first, const HeadlineWordEntry& second) {
    if (first.type != kPairType || second.type != kPairType) {
        return 0;
    }
    const int length = first.len;
    for (int at = pg_mblen(first.word); at < length; at += pg_mblen(first.word + at)) {
        const int rest = length - at;
        if (rest <= static_cast<int>(second.len) &&
            memcmp(first.word + at, second.word, static_cast<std::size_t>(rest)) == 0) {
            return at;
        }
    }
    return 0;
}

// A stretch of bytes, and the tokens that it belongs to.
struct Piece {
    const char* bytes;
    int length;
    int token;
    int second_token;  // the pair that ends with this character; kNone for most
};

// Covers the text with pieces; `pieces` has room for two a token.
int cut(const HeadlineWordEntry* words, int count, Piece* pieces) {
    int made = 0;
    int shared_before = 0;  // bytes at the start of words[i] that the token before has as well
    for (int i = 0; i < count; ++i) {
        const HeadlineWordEntry& word = words[i];
        const int before = shared_before > 0 ? i - 1 : kNone;
        const int shared = i + 1 < count ? shared_character(word, words[i + 1]) : 0;
        if (shared > 0) {
            pieces[made++] = {word.word, shared, i, before};
            shared_before = static_cast<int>(word.len) - shared;
        } else {
            if (shared_before > 0) {
                pieces[made++] = {word.word, shared_before, i, before};
            }
            pieces[made++] = {word.word + shared_before, static_cast<int>(word.len) - shared_before,
                              i, kNone};
            shared_before = 0;
        }
    }
    return made;
}

// Replaces the words of `parsed` by the pieces, with what is to be shown and highlighted.
// Neighbouring pieces of a run become one, so that a match is highlighted as a whole.
void show(HeadlineParsedText* parsed, const Piece* pieces, int count, const bool* shown) {
    const HeadlineWordEntry* words = parsed->words;
    auto* entries = static_cast<HeadlineWordEntry*>(MemoryContextAllocHuge(
        CurrentMemoryContext, sizeof(HeadlineWordEntry) * static_cast<std::size_t>(count + 1)));
    int made = 0;
    for (int i = 0; i < count; ++i) {
        const Piece& piece = pieces[i];
        const int second = piece.second_token;
        const bool in = shown[piece.token] || (second != kNone && shown[second]);
        const bool matched = words[piece.token].item != nullptr ||
                             (second != kNone && words[second].item != nullptr);
        const bool pair = words[piece.token].type == kPairType;
        HeadlineWordEntry* last = made > 0 ? &entries[made - 1] : nullptr;
        if (last != nullptr && pair && last->type == kPairType && bool(last->in) == in &&
            bool(last->selected) == (matched && in) &&
            static_cast<int>(last->len) + piece.length <= kMaxPieceBytes) {
            last->word = static_cast<char*>(
                repalloc(last->word, last->len + static_cast<std::size_t>(piece.length)));
            memcpy(last->word + last->len, piece.bytes, static_cast<std::size_t>(piece.length));
            last->len += static_cast<unsigned>(piece.length);
            continue;
        }
        HeadlineWordEntry entry = {};
        entry.type = words[piece.token].type;
        entry.len = static_cast<unsigned>(piece.length);
        entry.pos = words[piece.token].pos;
        entry.in = in;
        entry.selected = matched && in;
        entry.word = static_cast<char*>(palloc(static_cast<std::size_t>(piece.length) + 1));
        memcpy(entry.word, piece.bytes, static_cast<std::size_t>(piece.length));
        entries[made++] = entry;
    }
    parsed->words = entries;
    parsed->curwords = made;
    parsed->lenwords = count + 1;
}

int16 short_length(const char* value, const char* name) {
    const std::size_t length = strlen(value);
    if (length > PG_INT16_MAX) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("value for headline option %s is too long: %zu bytes", name, length),
                        errhint("It may have %d bytes.", PG_INT16_MAX)));
    }
    return static_cast<int16>(length);
}

}  // namespace

// parser_headline(internal parsed, internal options, tsquery) returns internal
KNOWHOW_FUNCTION(knowhow_parser_headline) {
    auto* parsed = reinterpret_cast<HeadlineParsedText*>(PG_GETARG_POINTER(0));
    const Options options = read_options(reinterpret_cast<List*>(PG_GETARG_POINTER(1)));
    TSQuery query = PG_GETARG_TSQUERY(2);

    // Further entries for a token that matches several words of the query are left out.
    int count = 0;
    for (int i = 0; i < parsed->curwords; ++i) {
        if (!parsed->words[i].repeated) {
            parsed->words[count++] = parsed->words[i];
        }
    }
    const auto size = static_cast<std::size_t>(count);
    auto* shown = static_cast<bool*>(MemoryContextAllocHuge(CurrentMemoryContext, size + 1));
    memset(shown, options.all, size + 1);
    if (!options.all) {
        auto* tokens = static_cast<text::HeadlineToken*>(
            MemoryContextAllocHuge(CurrentMemoryContext, sizeof(text::HeadlineToken) * (size + 1)));
        const char* first_operand = reinterpret_cast<const char*>(GETQUERY(query));
        for (int i = 0; i < count; ++i) {
            const HeadlineWordEntry& word = parsed->words[i];
            const auto offset = reinterpret_cast<const char*>(word.item) - first_operand;
            tokens[i].item = word.item == nullptr
                                 ? -1
                                 : static_cast<std::int32_t>(
                                       offset / static_cast<std::ptrdiff_t>(sizeof(QueryItem)));
            tokens[i].half_words = word.type == kBlankType ? 0 : word.type == kPairType ? 1 : 2;
            tokens[i].short_word =
                word.type != kPairType && static_cast<int>(word.len) <= options.short_word;
        }
        const std::size_t most =
            options.choice.max_fragments < size ? options.choice.max_fragments : size;
        auto* fragments = static_cast<text::Fragment*>(
            MemoryContextAllocHuge(CurrentMemoryContext, sizeof(text::Fragment) * (most + 1)));
        std::size_t chosen = 0;
        {
            InterruptMonitor monitor;
            text::HeadlineOptions choice = options.choice;
            choice.max_fragments = most;
            chosen = text::choose_fragments({tokens, size}, choice, monitor, {fragments, most + 1});
        }
        for (std::size_t i = 0; i < chosen; ++i) {
            memset(shown + fragments[i].begin, 1, fragments[i].end - fragments[i].begin);
        }
    }

    auto* pieces = static_cast<Piece*>(
        MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Piece) * (2 * size + 1)));
    show(parsed, pieces, cut(parsed->words, count, pieces), shown);

    parsed->startsel = pstrdup(options.start);
    parsed->stopsel = pstrdup(options.stop);
    parsed->fragdelim = pstrdup(options.delimiter);
    parsed->startsellen = short_length(options.start, "StartSel");
    parsed->stopsellen = short_length(options.stop, "StopSel");
    parsed->fragdelimlen = short_length(options.delimiter, "FragmentDelimiter");
    PG_RETURN_POINTER(parsed);
}
