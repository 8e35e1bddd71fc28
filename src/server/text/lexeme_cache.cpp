#include "server/text/lexeme_cache.hpp"

extern "C" {
#include <common/hashfn.h>
#include <utils/inval.h>
#include <utils/syscache.h>
}

#include <cstring>

namespace knowhow::server {
namespace {

constexpr std::uint32_t kSlots = 32768;  // a power of two
constexpr std::uint32_t kMostEntries = kSlots / 2;
constexpr int kMostBytes = 64;  // of a token, and of a lexeme

struct Entry {
    std::uint32_t hash;
    Oid config;
    std::uint16_t type;
    std::uint16_t token_size;
    std::uint16_t lexeme_size;
    char bytes[FLEXIBLE_ARRAY_MEMBER];  // the token's, then the lexeme's
};

MemoryContext memory = nullptr;
Entry** slots = nullptr;  // nullptr while nothing has been remembered
std::uint32_t entries = 0;
bool stale = false;
bool watching = false;

void mark_stale(Datum, int, uint32) {
    stale = true;
}

std::uint32_t slot_of(const TokenKey& key) noexcept {
    std::uint32_t slot = key.hash & (kSlots - 1);
    for (; slots[slot] != nullptr; slot = (slot + 1) & (kSlots - 1)) {
        const Entry& entry = *slots[slot];
        if (entry.hash == key.hash && entry.config == key.config && entry.type == key.type &&
            entry.token_size == key.size &&
            memcmp(entry.bytes, key.bytes, static_cast<std::size_t>(key.size)) == 0) {
            break;
        }
    }
    return slot;
}

}  // namespace

TokenKey token_key(Oid config, int type, const char* bytes, int size) noexcept {
    const auto* data = reinterpret_cast<const unsigned char*>(bytes);
    return {config, type, bytes, size,
            hash_bytes(data, size) ^ (config * 0x9e3779b9U) ^
                (static_cast<std::uint32_t>(type) * 0x85ebca6bU)};
}

void begin_lexeme_cache_use() {
    if (!watching) {
        // The caches of text search configurations and dictionaries watch the same ones.
        CacheRegisterSyscacheCallback(TSCONFIGOID, mark_stale, static_cast<Datum>(0));
        CacheRegisterSyscacheCallback(TSCONFIGMAP, mark_stale, static_cast<Datum>(0));
        CacheRegisterSyscacheCallback(TSDICTOID, mark_stale, static_cast<Datum>(0));
        watching = true;
    }
    if (stale || entries == kMostEntries) {
        slots = nullptr;
        entries = 0;
        stale = false;
        if (memory != nullptr) {
            MemoryContextReset(memory);
        }
    }
}

bool find_lexeme(const TokenKey& key, CachedLexeme* lexeme) noexcept {
    if (slots == nullptr) {
        return false;
    }
    const Entry* const entry = slots[slot_of(key)];
    if (entry == nullptr) {
        return false;
    }
    *lexeme = {entry->bytes + entry->token_size, entry->lexeme_size};
    return true;
}

void remember_lexeme(const TokenKey& key, const char* lexeme, int size) {
    if (stale || entries == kMostEntries || key.size > kMostBytes || size > kMostBytes) {
        return;
    }
    if (slots == nullptr) {
        if (memory == nullptr) {
            memory = AllocSetContextCreate(CacheMemoryContext, "knowhow lexemes",
                                           ALLOCSET_DEFAULT_SIZES);
        }
        slots = static_cast<Entry**>(MemoryContextAllocZero(memory, kSlots * sizeof(Entry*)));
    }
    std::uint32_t const slot = slot_of(key);
    if (slots[slot] != nullptr) {
        return;
    }
    auto const token_size = static_cast<std::size_t>(key.size);
    auto const lexeme_size = static_cast<std::size_t>(size);
    Entry* const entry = static_cast<Entry*>(
        MemoryContextAlloc(memory, offsetof(Entry, bytes) + token_size + lexeme_size));
    entry->hash = key.hash;
    entry->config = key.config;
    entry->type = static_cast<std::uint16_t>(key.type);
    entry->token_size = static_cast<std::uint16_t>(key.size);
    entry->lexeme_size = static_cast<std::uint16_t>(size);
    memcpy(entry->bytes, key.bytes, token_size);
    memcpy(entry->bytes + token_size, lexeme, lexeme_size);
    slots[slot] = entry;
    ++entries;
}

}  // namespace knowhow::server
