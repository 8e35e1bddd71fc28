// The fresh area: rows in the order in which they came, on a chain of pages.
//
// A page's payload is a row of chunks, each a ChunkHead and its bytes; a row is one chunk, or where
// it is larger than what is left of a page, chunks on pages of the chain that follow each other,
// the first chunk of a page each. Nothing moves: rows are added behind the last, VACUUM marks the
// first chunk of a row that is dead, and a flush takes pages from the front away.
#pragma once

#include "server/index/metapage.hpp"

#include "engine/search/fresh_row.hpp"

namespace knowhow::server::index {

struct ChunkHead {
    uint16 bytes;  // that follow
    uint16 flags;
};
inline constexpr uint16 kChunkFirst = 1;    // begins with the head of a row
inline constexpr uint16 kChunkLast = 2;     // ends the row
inline constexpr uint16 kChunkDeleted = 4;  // first chunks only: VACUUM removed the row
inline constexpr Size kMostChunk = kPayloadBytes - sizeof(ChunkHead);

// Adds a row, for all to see at once: `vector` is a tfidf value that is not toasted, or NULL.
// Returns how many pages the fresh area has if it grew by one, else 0. For PostgreSQL phases.
uint32 append_fresh(Relation index, ItemPointer tid, const struct varlena* vector);

// Copies a fresh page to `to`, BLCKSZ bytes, under a share lock, and checks it: that its chunks fill
// it. Returns whether it is of this generation. *blocks: as in require_block(). For PostgreSQL phases.
bool read_fresh_page(Relation index, BlockNumber block, uint64 generation, Page to,
                     BlockNumber* blocks, BufferAccessStrategy strategy);

// The chunk at `offset` of a page that was checked, and the offset of the next.
inline ChunkHead chunk_at(Page page, Size offset) {
    ChunkHead head;
    memcpy(&head, payload(page) + offset, sizeof head);
    return head;
}
inline const char* chunk_bytes(Page page, Size offset) {
    return payload(page) + offset + sizeof(ChunkHead);
}
// The TID of the row that a first chunk begins.
inline search::Tid chunk_tid(Page page, Size offset) {
    // Read without a check: VACUUM raises no exception, and a TID that is wrong is none it looks
    // for.
    const char* const head = chunk_bytes(page, offset);
    uint16 line;
    uint32 block;
    memcpy(&line, head + 4, sizeof line);
    memcpy(&block, head + 6, sizeof block);
    return search::make_tid(block, line);
}
inline Size next_chunk(Size offset, ChunkHead head) {
    return offset + sizeof head + head.bytes;
}

}  // namespace knowhow::server::index
