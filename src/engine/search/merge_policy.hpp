// Which segments to merge, so that a row is rewritten few times and a scan opens few segments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace knowhow::search {

// Segments of about the same size are merged when there are so many: each row is then rewritten once
// for every factor of kMergeFactor by which the index has grown since (tiers, as in Cassandra's
// size-tiered compaction and Lucene's TieredMergePolicy; O'Neil and others, The Log-Structured
// Merge-Tree, 1996). Where the limit of rows allows not all of them, some are merged, and a row is
// rewritten once or twice more: else those of the last tier that may be merged would pile up.
inline constexpr std::size_t kMergeFactor = 8;

// What is put in order is left with few segments: the smallest ones, up to half of all live rows,
// are merged where none of them is larger than those before it together. What remains doubles from
// one to the next, up to the last few, and a row is rewritten so only when the rows beside it have
// doubled (Bentley and Saxe, Decomposable searching problems, 1980).
inline constexpr std::uint64_t kTidyPart = 2;

// A segment up to this size is of the first tier, which takes what flushes write.
inline constexpr std::uint32_t kFirstTierRows = 4096;

struct SegmentSize {
    std::uint32_t rows;
    std::uint32_t deleted;  // of these
};

struct MergeLimits {
    // Rows of a merge at most, as they are before it.
    std::uint64_t rows = std::numeric_limits<std::uint64_t>::max();
    // Whether small segments are merged although their tier is not full, and a segment more than a
    // fifth of whose rows are deleted is written anew by itself.
    bool tidy = false;
    // With so many segments the smallest are merged, whatever their sizes are.
    std::size_t segments = std::numeric_limits<std::size_t>::max();
};

// The places of the segments to merge next into one, ascending; none when nothing is to be done. One
// that has no live row is always chosen, if only by itself.
std::vector<std::size_t> choose_merge(std::span<const SegmentSize> segments,
                                      const MergeLimits& limits);

}  // namespace knowhow::search
