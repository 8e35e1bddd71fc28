// The text search parser `knowhow.parser`, and what other parts of the server need from it.
#pragma once

#include "server/border/postgres.hpp"

#include <cstddef>

namespace knowhow::server {

// While an object of this class lives, every parse by `knowhow.parser` that begins in this backend
// also yields tokens that overlap others: the words of a Chinese or Japanese run, and the parts of
// technical tokens (file_name.py: file, name, py). They let a question in plain words find code,
// and would break phrases in a tsvector, hence the scope. Objects may be nested.
//
// Use it in engine code (an exception destroys it), with PostgreSQL called inside guarded():
//   ExtraTokens extra;
//   guarded([&] { parsetext(config, &parsed, piece, length); });
// Never let it be alive where PostgreSQL runs unguarded: an error would jump over the destructor.
class ExtraTokens {
  public:
    ExtraTokens() noexcept;
    ~ExtraTokens();
    ExtraTokens(const ExtraTokens&) = delete;
    ExtraTokens& operator=(const ExtraTokens&) = delete;

    // How many extra tokens were yielded in this backend since this object was made.
    std::size_t yielded() const noexcept;

  private:
    bool outer_;
    std::size_t yielded_before_;
};

// Where to cut a long document: the end, in bytes from `text`, of a first piece of at most `wanted`
// bytes (at least 4). Parsing the pieces one by one gives the tokens of the whole, because the cut
// follows a character that is part of no token; only where no such character stands in the second
// half of the piece, the cut falls between any two characters. `text` is `size` bytes in the
// database's encoding. The result is `size` where size <= wanted. Never raises an error.
std::size_t piece_end(const char* text, std::size_t size, std::size_t wanted) noexcept;

// The version of everything that decides how text becomes lexemes, as knowhow.text_version()
// returns it; palloc'd. A PostgreSQL function: call it unguarded or inside guarded().
char* text_version();

}  // namespace knowhow::server
