// Segments as the engine reads and writes them: its logical pages on blocks of the index.
#pragma once

#include <vector>

#include "engine/base/monitor.hpp"
#include "engine/search/page.hpp"
#include "engine/search/segment.hpp"
#include "server/index/metapage.hpp"
#include "server/index/segment_maps.hpp"

namespace knowhow::server::index {

// Reads one segment. For engine code. Where a page has been used again since the entry was read,
// GenerationChanged is thrown.
class SegmentReader : public search::PageReader {
  public:
    SegmentReader(Relation index, const SegmentEntry& entry);

    std::size_t payload_bytes() const override { return kPayloadBytes; }
    void read(search::PageNumber page, std::size_t offset, std::size_t bytes, void* to) override;

    // The block of a page, for VACUUM; the page must be one of the segment's.
    BlockNumber block(search::PageNumber page) const { return map_->at(page); }
    const SegmentMap& blocks() const noexcept { return *map_; }
    uint64 generation() const noexcept { return generation_; }

  private:
    Relation index_;
    uint64 generation_;
    std::uint32_t pages_;
    std::shared_ptr<const SegmentMap> map_;
};

// The block that a SegmentReader of this process has read last.
BlockNumber last_segment_block() noexcept;

// Where a segment's pages are written. Each is logged by whom it is written, if the index is.
enum class Writing {
    kChange,  // to free pages or new ones
    kBuild,   // to new ones of an index that nobody reads yet
};

// Writes one segment. Nothing leads to its pages until its entry is published, and a crash leaves
// them so. For engine code.
class SegmentWriter : public search::PageWriter {
  public:
    SegmentWriter(Relation index, Writing writing, Monitor& monitor);

    std::size_t payload_bytes() const override { return kPayloadBytes; }
    void write(search::PageNumber page, search::PageKind kind,
               std::span<const std::byte> payload) override;

    // Writes the map. Returns what makes the segment part of the index.
    SegmentEntry finish(const search::SegmentCounts& counts);

  private:
    BlockNumber write_page(Kind kind, BlockNumber next, const void* bytes, Size count);
    BlockNumber write_map();

    Relation index_;
    Writing writing_;
    Monitor* monitor_;
    uint64 generation_ = 0;
    std::vector<BlockNumber> map_;
};

}  // namespace knowhow::server::index
