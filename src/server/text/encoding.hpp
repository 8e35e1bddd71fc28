// The text of a database in another encoding than UTF-8, as UTF-8, and the way back.
#pragma once

#include "server/border/postgres.hpp"

#include <cstddef>

namespace knowhow::server {

struct EncodingStep;

// A text as UTF-8. All of it is palloc'd, and nothing needs a destructor.
struct Utf8Text {
    const char* text;       // as given, in the database's encoding
    std::size_t text_size;  // in bytes
    const char* utf8;       // the same in UTF-8; `text` itself in a UTF-8 database
    std::size_t utf8_size;
    EncodingStep* steps;  // places known in both; NULL in a UTF-8 database
    std::size_t step_count;
};

// Converts the `size` bytes at `text`. A PostgreSQL function: it raises errors where a character
// has no counterpart in Unicode, and in a database with encoding SQL_ASCII, whose bytes have no
// known meaning.
Utf8Text utf8_text(const char* text, std::size_t size);

// The byte of text.text that corresponds to the byte `at` of text.utf8 (0 .. utf8_size).
std::size_t original_offset(const Utf8Text& text, std::size_t at);

// The `size` bytes of UTF-8 at `utf8` in the database's encoding, palloc'd and zero-terminated;
// NULL where the encoding lacks a character. The result's length in bytes goes to `converted`.
char* from_utf8(const char* utf8, std::size_t size, std::size_t* converted);

}  // namespace knowhow::server
