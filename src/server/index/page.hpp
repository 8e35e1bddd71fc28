// Pages of a tfidf index, as stored. Every page has PostgreSQL's header, a payload up to pd_lower,
// and at its end the special area below, so that the hole between is neither logged nor backed up
// as part of a full-page image.
#pragma once

#include "server/border/postgres.hpp"

extern "C" {
#include <access/stratnum.h>
#include <storage/bufmgr.h>
#include <storage/bufpage.h>
#include <utils/rel.h>
}

namespace knowhow::server::index {

// What a page is for. Stored, so numbers are never changed or used again.
enum class Kind : uint16 {
    kMeta = 1,
    kFresh = 2,    // rows that came last, as they came
    kMap = 3,      // where the pages of a segment are
    kSegment = 4,  // a page of a segment: the engine's
};

// At the end of each page; the last two bytes tell tools whose page it is.
struct Special {
    uint64 generation;       // drawn from the metapage when the page was written; never again
    uint64 next_generation;  // of the page `next`
    // 0 while anything leads here; else the transaction id that every snapshot's xmin must have
    // passed. What the page holds stays for scans that are on their way to it (free_pages.hpp).
    uint64 freed_at;
    BlockNumber next;  // of a chain; InvalidBlockNumber at its end. In a segment: the page's number
    uint16 kind;
    uint16 page_id;
};
static_assert(sizeof(Special) == 32 && sizeof(Special) % MAXIMUM_ALIGNOF == 0);

inline constexpr uint16 kPageId = 0xFF97;
inline constexpr Size kPayloadBytes = BLCKSZ - MAXALIGN(SizeOfPageHeaderData) - sizeof(Special);

inline char* payload(Page page) {
    return PageGetContents(page);
}
inline Size payload_used(Page page) {
    return reinterpret_cast<PageHeader>(page)->pd_lower - MAXALIGN(SizeOfPageHeaderData);
}
inline void set_payload_used(Page page, Size bytes) {
    reinterpret_cast<PageHeader>(page)->pd_lower =
        static_cast<LocationIndex>(MAXALIGN(SizeOfPageHeaderData) + bytes);
}
inline Special* special(Page page) {
    return reinterpret_cast<Special*>(PageGetSpecialPointer(page));
}

// For PostgreSQL phases, all of them.

void init_page(Page page, Kind kind, uint64 generation);

// Raises an error that names the index and the block unless the page is one of a tfidf index, with
// sizes that can be. Returns whether it is of this kind and, if that is not 0, of this generation:
// if not, it may have been used again since somebody learnt of it.
bool is_of_generation(Relation index, BlockNumber block, Page page, Kind kind, uint64 generation);

// For those who hold what keeps the page from being used again: raises the error then as well.
void check_page(Relation index, BlockNumber block, Page page, Kind kind, uint64 generation);

// Raises an error unless the index has this block: one that a damaged page names would be looked
// for in files that do not exist. *blocks: how many it had when they were counted last, 0 at first;
// they are counted again where that does not do.
void require_block(Relation index, BlockNumber block, BlockNumber* blocks);

[[noreturn]] void report_damage(Relation index, BlockNumber block, const char* what);

}  // namespace knowhow::server::index
