// What tokens became, remembered for this backend: a dictionary's work (folding, stemming) costs
// more than everything else in reading a text, and most words of a text are old acquaintances.
//
// Holds about 16,000 tokens, 2 MB at most. Emptied when a text search configuration or dictionary
// changes. All functions are PostgreSQL phases.
#pragma once

#include "server/border/postgres.hpp"

#include <cstdint>

namespace knowhow::server {

// A token, and what it is looked up by.
struct TokenKey {
    Oid config;
    int type;  // of the configuration's parser
    const char* bytes;
    int size;
    std::uint32_t hash;  // of the above
};

TokenKey token_key(Oid config, int type, const char* bytes, int size) noexcept;

// What a token became: one lexeme, or none (size 0) where it is a stop word or no dictionary knows
// it.
struct CachedLexeme {
    const char* bytes;
    int size;
};

// Call it before a piece of text is read: pointers handed out until the next call stay valid.
void begin_lexeme_cache_use();

// False when the token is not remembered.
bool find_lexeme(const TokenKey& key, CachedLexeme* lexeme) noexcept;

// Remembers a copy, where there is room and both are short.
void remember_lexeme(const TokenKey& key, const char* lexeme, int size);

}  // namespace knowhow::server
