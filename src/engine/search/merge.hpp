// Makes a segment from inversions, runs and other segments.
#pragma once

#include <memory>
#include <memory_resource>
#include <span>

#include "engine/base/monitor.hpp"
#include "engine/search/inversion.hpp"
#include "engine/search/run.hpp"
#include "engine/search/segment.hpp"

namespace knowhow::search {

// What rows come from: one of the three below. What it is made of must outlive it.
class MergeSource;
struct DeleteMergeSource {
    void operator()(MergeSource* source) const noexcept;
};
using MergeSourcePointer = std::unique_ptr<MergeSource, DeleteMergeSource>;

MergeSourcePointer inversion_source(Inversion& inversion);
MergeSourcePointer run_source(RunReader& run);
// Rows whose deleted bit is set are left out.
MergeSourcePointer segment_source(const Segment& segment);

// Writes all rows of all sources as one segment, reading each source once. Takes 4 bytes for each
// row (8 more for each document where the measure is cosine) and some 100 kB for each source from
// `memory`. Throws Error(kDataCorrupted) where two rows have the same TID, Error(kLimitExceeded)
// past kMaxRows rows. Reports progress in postings.
SegmentCounts write_segment(std::span<const MergeSourcePointer> sources, Measure measure,
                            PageWriter& to, Monitor& monitor, std::pmr::memory_resource* memory);

}  // namespace knowhow::search
