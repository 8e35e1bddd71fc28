// Reads a segment: an immutable inverted index over some rows of a table.
//
// Its rows are numbered from 0: first the documents (rows with a vector, also an empty one) in the
// order of their TIDs, then the rows whose vector is NULL in the order of theirs. Only their
// `deleted` bits ever change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/search/page.hpp"
#include "engine/search/row.hpp"

namespace knowhow::search {

// How much a segment holds.
struct SegmentCounts {
    std::uint32_t documents = 0;
    std::uint32_t nulls = 0;
    std::uint64_t terms = 0;
    std::uint64_t postings = 0;
    std::uint32_t pages = 0;

    std::uint32_t rows() const noexcept { return documents + nulls; }
};

// Rows of one segment at most; also the limit of a build's inversion.
inline constexpr std::uint32_t kMaxRows = (std::uint32_t{1} << 31) - 1;

// Page 0, as stored; read and checked by Segment. Plain data.
struct SegmentRoot {
    std::uint32_t magic;
    std::uint16_t version;
    std::uint8_t measure;
    std::uint8_t dictionary_levels;  // 0: no terms; 1: the root is a leaf
    std::uint32_t payload_bytes;
    std::uint32_t pages;
    std::uint32_t documents;
    std::uint32_t nulls;
    std::uint64_t terms;
    std::uint64_t postings;
    // The first of consecutive pages; kNoPage where there are none.
    PageNumber tids;
    PageNumber norms;
    PageNumber inverses;
    PageNumber deleted;
    PageNumber dictionary;  // its topmost node
    PageNumber first_leaf;  // leaves are chained from here
    std::uint32_t extreme;  // 1: some norm is out of the range in which float32 is enough
};

class Segment {
  public:
    // Reads page 0 and throws Error(kDataCorrupted) unless it is the root of a segment that this
    // version reads, with pages of this size. `reader` must outlive the object. Cheap: one read.
    explicit Segment(PageReader& reader);

    Measure measure() const noexcept { return static_cast<Measure>(root_.measure); }
    SegmentCounts counts() const noexcept {
        return {root_.documents, root_.nulls, root_.terms, root_.postings, root_.pages};
    }
    std::uint32_t rows() const noexcept { return root_.documents + root_.nulls; }

    // TIDs of the rows first, first + 1, ... : what VACUUM asks its callback about.
    void read_tids(std::uint32_t first, std::span<Tid> tids) const;

    // For each of these rows whether its deleted bit is set (1) or not (0).
    void read_deleted(std::uint32_t first, std::span<std::uint8_t> deleted) const;

    // Where the deleted bit of a row is, for VACUUM to set it.
    struct BitPlace {
        PageNumber page;
        std::uint32_t offset;  // of the byte in the page's payload
        std::uint8_t mask;
    };
    BitPlace deleted_bit(std::uint32_t row) const;

    const SegmentRoot& root() const noexcept { return root_; }
    PageReader& reader() const noexcept { return *reader_; }

    // Bytes of an array that lies on consecutive pages from `first_page` on, items of `item` bytes
    // never straddling two pages: copies items [first, first + count) to `to`.
    void read_array(PageNumber first_page, std::size_t item, std::uint64_t first,
                    std::uint64_t count, void* to) const;

  private:
    PageReader* reader_;
    SegmentRoot root_;
};

}  // namespace knowhow::search
