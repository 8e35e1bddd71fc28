// New pages, and pages that nothing leads to any more.
//
// A page that is freed keeps what it holds, with the id of the transaction that freed it, and is used
// again only when no snapshot is left that was taken before: until then scans may be on their way to
// it. Used again it has another generation. On a standby, where a snapshot holds nothing back here,
// that is how a scan notices; it starts again from the metapage.
#pragma once

#include "server/index/page.hpp"

namespace knowhow::server::index {

// For PostgreSQL phases, all of them.

// A page to write, pinned and exclusively locked: one that was freed, or a new one at the end. What
// it holds is to be written over whole, as a full image. Take no other buffer's lock before.
Buffer allocate(Relation index);

// The same, but always a new page, all zeros.
Buffer extend(Relation index);

// Unlocks a page that was allocated and not written after all.
void give_back(Relation index, Buffer buffer);

// Marks pages that nothing leads to any more as free. All are of this generation, unless it is 0.
void mark_free(Relation index, const BlockNumber* blocks, Size count, uint64 generation);

struct Swept {
    BlockNumber freed;     // pages that a crash or an error left, and that are free now
    BlockNumber free;      // all free pages
    BlockNumber reusable;  // those of them that may be used again at once
};

// Finds every page that nothing leads to, frees it, and tells the free space map. The caller holds
// all parts of the structure.
Swept sweep(Relation index, BufferAccessStrategy strategy);

}  // namespace knowhow::server::index
