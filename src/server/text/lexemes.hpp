// Text of any length to counted lexemes, by any text search configuration.
#pragma once

#include "server/border/border.hpp"

#include <cstddef>
#include <memory_resource>

#include "engine/sparse/accumulator.hpp"

namespace knowhow::server {

// How much an extra token counts, in documents and in queries. It repeats what has been counted and
// adds nothing to the length. Measured from 0 to 1 on four sets (bench/quality/text.py): from a
// quarter to a half they help, as much as whole words they hurt prose.
inline constexpr double kExtraCount = .5;

// How often each lexeme occurs, and how long the text is. An engine object.
struct LexemeCounts {
    explicit LexemeCounts(std::pmr::memory_resource* memory) : terms(memory) {}

    TermAccumulator terms;
    double length = 0;  // in lexemes; extra ones (words of a Han run, parts of technical tokens)
                        // repeat what has been counted and are left out
};

// Adds the lexemes of `text`, each `factor` times (0 or more), those of extra tokens `extra_count`
// times that. Engine code: calls PostgreSQL
// guarded. The text is read in pieces, with a chance to be cancelled between them, and only what
// has been counted stays in memory, so that none of tsvector's limits applies: neither 1 MB of
// lexemes nor 16,383 positions nor 255 occurrences. Tokens that are longer than a lexeme may be
// are left out with a notice, as to_tsvector does.
void add_lexemes(Oid config, const char* text, std::size_t size, double factor, double extra_count,
                 LexemeCounts& counts);

// OID of knowhow.multilingual, which serves where no configuration is named: never
// default_text_search_config, on which an immutable function must not depend. A PostgreSQL phase;
// error 42704 where it has been dropped.
Oid multilingual_config();

}  // namespace knowhow::server
