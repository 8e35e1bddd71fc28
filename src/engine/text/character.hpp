// Characters, as far as the tokenizer tells them apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace knowhow::text {

enum class CharacterClass : std::uint8_t {
    kOther,   // punctuation, symbols, controls, bytes that are no UTF-8
    kSpace,   // white space
    kLetter,  // letters of scripts that put spaces between words
    kDigit,   // digits and other numerals, superscripts included
    kMark,    // combining marks and invisible characters: they belong to what precedes them
    kHan,     // Chinese characters, bopomofo
    kHiragana,
    kKatakana,
    kHangul,
    kProlonged,  // the sound marks that follow either kana
    kSouthEast,  // Thai, Lao, Khmer, Burmese: words without spaces, found by a dictionary
};

// A code point of the text, or -1 for bytes that are no UTF-8 (or U+0000).
using CodePoint = std::int32_t;

CharacterClass classify(CodePoint c) noexcept;

// Reads the character of `text` at byte `position` (< text.size()) and moves `position` behind it.
CodePoint read(std::string_view text, std::size_t& position) noexcept;

// The ASCII character that joins parts of technical tokens and of which `c` is a variant (fullwidth
// + # _ - . /, the hyphens U+2010 and U+2011, the apostrophe U+2019), else `c` itself.
CodePoint plain_connector(CodePoint c) noexcept;

// The start of the character that holds the byte at `position`; 0 <= result <= position.
std::size_t character_start(std::string_view text, std::size_t position) noexcept;

}  // namespace knowhow::text
