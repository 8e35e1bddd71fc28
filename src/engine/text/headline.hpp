// Which parts of a document to show for a query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/monitor.hpp"

namespace knowhow::text {

// A token of the document, as far as the choice depends on it.
struct HeadlineToken {
    std::int32_t item;        // which word of the query it matches, from 0; -1: none
    std::uint8_t half_words;  // its length: 0 for blanks, 1 for a Chinese character, 2 for a word
    bool short_word;          // too short to end a fragment well
};

struct HeadlineOptions {
    std::size_t max_words;      // of a fragment; > min_words
    std::size_t min_words;      // of the only fragment; > 0
    std::size_t max_fragments;  // 0: one fragment that starts with its matches
};

// The tokens [begin, end).
struct Fragment {
    std::size_t begin;
    std::size_t end;
};

// Chooses the fragments to show, writes them to `fragments` (room for max(1, max_fragments)) in the
// order of the text, and returns how many. A stretch of at most max_words is the better, the more
// different words of the query it holds, then the shorter it is (so that phrases win), then the
// earlier it comes. Without a match it is the document's first min_words.
std::size_t choose_fragments(std::span<const HeadlineToken> tokens, const HeadlineOptions& options,
                             Monitor& monitor, std::span<Fragment> fragments);

}  // namespace knowhow::text
