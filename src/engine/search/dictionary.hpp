// The dictionary of a segment: from a term to its postings. A static tree: leaves hold the terms in
// the order of bytes, inner nodes the shortest strings that tell neighbouring leaves apart.
//
// Node: PageHead, uint16 places[count] of the entries, counted from the beginning of the page,
// then the entries: varint length, the term, and
//     in an inner node: uint32 child
//     in a leaf:        varint 2 * documents + (1 if some weight is negative), then for
//         one document:         uint32 document, float32 weight, float32 most
//         one block:            uint32 page, uint16 offset, float32 most [, float32 least]
//         more:                 the same, uint32 page and uint16 offset of the skips,
//                               float32 ranked[2 to 4]
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/search/block.hpp"
#include "engine/search/bytes.hpp"
#include "engine/search/page.hpp"
#include "engine/search/segment.hpp"

namespace knowhow::search {

// What a weight contributes to a score before the query's weight is applied: the weight itself by
// inner product, the weight over the document's norm by cosine. `most` and `least` are bounds of
// it, never too tight; ranked[i] is at most its kRanks[i]-th largest value.
inline constexpr std::array<std::uint32_t, 4> kRanks = {10, 40, 160, 640};

struct TermEntry {
    std::uint32_t documents = 0;
    bool negative = false;  // some weight is; otherwise least == 0
    float most = 0;
    float least = 0;
    // One document: the posting itself.
    std::uint32_t document = 0;
    float weight = 0;
    // More: the first block.
    PageNumber page = kNoPage;
    std::uint16_t offset = 0;
    // More than one block.
    PageNumber skip_page = kNoPage;
    std::uint16_t skip_offset = 0;
    std::array<float, 4> ranked{};  // of ranks beyond `documents`: 0

    std::uint32_t blocks() const noexcept {
        return (documents + kBlockPostings - 1) / kBlockPostings;
    }
};

// Terms with their entries go in, in the order of bytes; nodes come out.
class DictionaryWriter {
  public:
    // `next_page` numbers the pages of all writers of the segment.
    DictionaryWriter(PageWriter& to, PageNumber& next_page) : to_(to), next_page_(next_page) {}

    void add(std::string_view term, const TermEntry& entry);
    // Writes what is open. Then the root and the number of levels are known.
    void finish();

    std::uint64_t terms() const noexcept { return terms_; }
    PageNumber root() const noexcept { return root_; }
    PageNumber first_leaf() const noexcept { return first_leaf_; }
    std::size_t levels() const noexcept { return levels_.size(); }

  private:
    struct Node {
        PageNumber page;
        std::vector<std::uint16_t> places;  // counted from the first entry
        std::vector<std::uint8_t> entries;
    };

    void add_entry(std::size_t level, std::string_view key, const std::vector<std::uint8_t>& value);
    void write(std::size_t level, PageNumber next);

    PageWriter& to_;
    PageNumber& next_page_;
    std::vector<Node> levels_;  // one open node each, leaves first
    std::vector<std::string> first_;
    std::string last_term_;
    std::vector<std::uint8_t> value_;
    std::uint64_t terms_ = 0;
    PageNumber root_ = kNoPage;
    PageNumber first_leaf_ = kNoPage;
};

// One node, read and checked as far as it is used.
class Node {
  public:
    // Reads page `page`, which must be a node of this level.
    void read(PageReader& reader, PageNumber page, unsigned level);

    std::uint32_t count() const noexcept { return head_.count; }
    PageNumber next() const noexcept { return head_.next; }

    // The i-th entry: its term, and the reader at its value.
    std::string_view term(std::uint32_t i, ByteReader& value) const;

    // How many entries' terms are not greater than `term`.
    std::uint32_t upper_bound(std::string_view term) const;

  private:
    PageHead head_{};
    std::size_t payload_ = 0;
    std::vector<std::uint8_t> bytes_;
};

// Reads the value of a leaf's entry and checks it against the segment's counts.
TermEntry read_term_entry(ByteReader& value, const SegmentRoot& root);

// Looks one term after the other up. Keeps the nodes it read last.
class Dictionary {
  public:
    explicit Dictionary(const Segment& segment);
    std::optional<TermEntry> find(std::string_view term);

  private:
    struct Cached {
        PageNumber page = kNoPage;
        Node node;
    };

    const Segment& segment_;
    std::vector<Cached> path_;  // by level
};

}  // namespace knowhow::search
