// Segments as the engine reads and writes them: its logical pages on blocks of the index.
#pragma once

#include <vector>

#include "engine/base/monitor.hpp"
#include "engine/search/page.hpp"
#include "engine/search/segment.hpp"
#include "server/index/metapage.hpp"

namespace knowhow::server::index {

// Blocks that a page of a segment's map names at most, and pages that the map takes.
inline constexpr Size kBlocksPerMapPage = kPayloadBytes / sizeof(BlockNumber);
constexpr Size map_pages(Size pages) {
    return (pages + kBlocksPerMapPage - 1) / kBlocksPerMapPage;
}

// Reads one segment. For engine code.
class SegmentReader : public search::PageReader {
  public:
    SegmentReader(Relation index, const SegmentEntry& entry);

    std::size_t payload_bytes() const override { return kPayloadBytes; }
    void read(search::PageNumber page, std::size_t offset, std::size_t bytes, void* to) override;

    // The block of a page, for VACUUM; the page must be one of the segment's.
    BlockNumber block(search::PageNumber page) const { return map_.at(page); }
    uint64 generation() const noexcept { return generation_; }

  private:
    Relation index_;
    uint64 generation_;
    std::vector<BlockNumber> map_;
};

// Writes one segment to new pages of the index. Nothing leads to them until publish(), and a crash
// leaves them so. For engine code.
class SegmentWriter : public search::PageWriter {
  public:
    SegmentWriter(Relation index, Monitor& monitor);

    std::size_t payload_bytes() const override { return kPayloadBytes; }
    void write(search::PageNumber page, search::PageKind kind,
               std::span<const std::byte> payload) override;

    // Writes the map, and then one record that makes the segment part of the index.
    void publish(const search::SegmentCounts& counts);

  private:
    BlockNumber write_map();

    Relation index_;
    Monitor* monitor_;
    uint64 generation_ = 0;
    std::vector<BlockNumber> map_;
};

}  // namespace knowhow::server::index
