// The maps of segments that this process has read: reading one anew costs a scan about as much as
// its search does.
//
// A map never changes, and each page that it leads to says which page of which segment it is. So
// what is kept here needs no invalidation, but where an index is built anew in the same file; else it
// is forgotten when it has not been used for long.
#pragma once

#include "server/border/postgres.hpp"

#include <memory>
#include <vector>

#include "server/index/metapage.hpp"

namespace knowhow::server::index {

// A page of a segment's map, read under its buffer's lock, whose first entry is that of page `from`
// of the segment.
struct MapPage {
    const BlockNumber* blocks;  // NULL: the page is of another generation
    Size count;
    BlockNumber next;  // page of the map
};
inline constexpr Size kBlocksPerMapPage = kPayloadBytes / sizeof(BlockNumber);
constexpr Size map_pages(Size pages) {
    return (pages + kBlocksPerMapPage - 1) / kBlocksPerMapPage;
}
MapPage map_page(Relation index, BlockNumber map, Page page, const SegmentEntry& entry, Size from);

// The blocks of a segment's pages by number, and behind them those of the map itself.
using SegmentMap = std::vector<BlockNumber>;

// From this process's memory or from the index; throws what SegmentReader does. Maps of 2^20 blocks
// together (4 MB, for 8 GB of segments) are kept besides those in use. For engine code.
std::shared_ptr<const SegmentMap> segment_map(Relation index, const SegmentEntry& entry);

// TRUNCATE by the transaction that created the table, and ON COMMIT DELETE ROWS, leave the index its
// file, in which the same generations come again. No other process has read there. Does not throw.
void forget_segment_maps(Relation index) noexcept;

}  // namespace knowhow::server::index
