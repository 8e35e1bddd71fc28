// Block 0: where everything else of the index is.
#pragma once

#include "server/index/page.hpp"

#include "engine/search/row.hpp"

namespace knowhow::server::index {

inline constexpr BlockNumber kMetaBlock = 0;
inline constexpr uint32 kMagic = 0x46544B48;
inline constexpr uint16 kFormatVersion = 1;

// The chain of pages of rows that are in no segment.
struct FreshArea {
    uint64 head_generation;
    uint64 rows;   // that VACUUM has not removed
    uint64 bytes;  // of all rows ever added to these pages
    BlockNumber head;
    BlockNumber tail;
    uint32 pages;
    uint32 unused;
};

// A segment, as far as it must be known without opening it.
struct SegmentEntry {
    uint64 generation;
    uint64 terms;
    uint64 postings;
    BlockNumber map;  // the first of a chain of pages
    uint32 pages;     // of the engine's; the map's come besides
    uint32 rows;
    uint32 deleted;  // of these rows
};
inline constexpr uint32 kMostSegments = 64;

// The metapage's payload.
struct Meta {
    uint32 magic;
    uint16 version;
    uint8 measure;
    uint8 unused;
    uint64 next_generation;
    FreshArea fresh;
    uint32 segment_count;
    uint32 unused_too;
    SegmentEntry segments[kMostSegments];
};
static_assert(sizeof(Meta) <= kPayloadBytes);

// What an index orders by: the operator that its operator family has. Raises an error where it has
// neither or both.
search::Measure measure_of(Relation index);

// The strategy number of the operator that a measure belongs to.
inline StrategyNumber strategy_of(search::Measure measure) {
    return measure == search::Measure::kCosine ? 1 : 2;
}

void init_meta(Page page, search::Measure measure);

// The metapage's payload, checked; the page is locked by the caller.
Meta* meta_of(Relation index, Page page);

// A copy of it, under a share lock.
Meta read_meta(Relation index);

// The metapage's buffer, exclusively locked.
Buffer lock_meta(Relation index);

// A number that no page of the index has; logged, so that none has after a crash either.
uint64 draw_generation(Relation index);

}  // namespace knowhow::server::index
