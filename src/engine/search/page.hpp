// Where a segment lives: logical pages, numbered from 0, whose storage is somebody else's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace knowhow::search {

using PageNumber = std::uint32_t;
inline constexpr PageNumber kNoPage = 0xFFFFFFFF;

// Room for a segment's own bytes on a page. The least holds the longest term with its entry.
inline constexpr std::size_t kLeastPagePayload = 2560;
inline constexpr std::size_t kMostPagePayload = 32768;

// What a page holds. Stored, so numbers are never changed or used again.
enum class PageKind : std::uint8_t {
    kRoot = 1,      // page 0: counts, and where everything else begins
    kTids = 2,      // 6 bytes a row
    kNorms = 3,     // cosine only: 8 bytes a document, the squared norm
    kInverses = 4,  // cosine only: 4 bytes a document, one over the norm
    kDeleted = 5,   // 1 bit a row; the only kind whose bytes ever change
    kPostings = 6,  // blocks of postings
    kSkips = 7,     // what is known about the blocks of longer lists
    kTerms = 8,     // leaves of the dictionary
    kInner = 9,     // its inner nodes
};

// Reads one segment. Calls cost a buffer look-up, so they are made once for a page or a block,
// never for a posting. An implementation throws what it likes; the engine lets it pass.
class PageReader {
  public:
    virtual ~PageReader() = default;

    // The same for all pages of a segment, and what its writer had.
    virtual std::size_t payload_bytes() const = 0;

    // Copies `bytes` bytes of page `page`, from `offset` of its payload. The engine keeps
    // offset + bytes <= payload_bytes(). Bytes behind those that were written may be anything.
    // `page` may be any number when the segment is damaged: refuse one that is not mapped.
    virtual void read(PageNumber page, std::size_t offset, std::size_t bytes, void* to) = 0;
};

// Writes one segment.
class PageWriter {
  public:
    virtual ~PageWriter() = default;
    virtual std::size_t payload_bytes() const = 0;

    // Writes a page, whole and once. Every number from 0 to the last comes, roughly in ascending
    // order: a few pages are filled side by side, and page 0 comes last. `payload` is
    // payload_bytes() long at most; what is behind it is never looked at.
    virtual void write(PageNumber page, PageKind kind, std::span<const std::byte> payload) = 0;
};

}  // namespace knowhow::search
