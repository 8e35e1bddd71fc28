// Lists of postings on pages: how they are written, and read from one end to the other.
//
// A page of postings: PageHead, then blocks, one behind the other, none straddling two pages. The
// list of a term is a sequence of neighbouring blocks that goes on at the beginning of the next
// page; all its blocks but the last are whole. Lists follow each other without a gap.
//
// A page of skips: PageHead, then pieces. A list of more than one block has one entry a block, in
// one piece or several: what does not fit goes on at the beginning of the next page.
//     uint16   entries of this piece, n
//     uint32   last[n]      last document of each block
//     uint32   page[n]      where it is
//     float32  most[n]      bounds of what its weights contribute (TermEntry)
//     float32  least[n]     only where the list has negative weights
//     uint16   offset[n]    where in the page
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/search/block.hpp"
#include "engine/search/bytes.hpp"
#include "engine/search/dictionary.hpp"
#include "engine/search/page.hpp"

namespace knowhow::search {

// What is known of the blocks of a list.
struct Skips {
    std::vector<std::uint32_t> last;
    std::vector<PageNumber> page;
    std::vector<float> most;
    std::vector<float> least;  // empty where no weight is negative
    std::vector<std::uint16_t> offset;

    std::size_t size() const noexcept { return last.size(); }
    void clear();
};

// Bounds of a contribution that stay true in float32.
float rounded_up(double value) noexcept;
float rounded_down(double value) noexcept;

class PostingsWriter {
  public:
    // `inverses`: one over the norm of each document where weights contribute by cosine; else
    // empty. It may be set as late as the first posting.
    PostingsWriter(PageWriter& to, PageNumber& next_page);
    void set_inverses(std::span<const double> inverses) noexcept { inverses_ = inverses; }

    // One list: its postings by ascending document, then its end.
    void add(std::uint32_t document, float weight) {
        if (held_ == kBlockPostings) {
            write_block();
        }
        documents_[held_] = document;
        weights_[held_] = weight;
        ++held_;
    }
    // The list's entry; one without documents if nothing was added.
    TermEntry end_list();

    // Writes what is open.
    void finish();

    std::uint64_t postings() const noexcept { return postings_; }

  private:
    struct OpenPage {
        PageNumber page = kNoPage;
        std::vector<std::uint8_t> bytes;
    };

    void open(OpenPage& page, PageNumber number);
    void close(OpenPage& page, PageKind kind, PageNumber next);
    void write_block();
    void write_skips(TermEntry& entry);

    PageWriter& to_;
    PageNumber& next_page_;
    std::span<const double> inverses_;
    OpenPage postings_page_;
    OpenPage skips_page_;
    std::uint64_t postings_ = 0;

    // The present list.
    std::uint32_t documents_[kBlockPostings];
    float weights_[kBlockPostings];
    std::uint32_t held_ = 0;
    std::uint64_t written_ = 0;  // postings in blocks
    Skips skips_;
    bool negative_ = false;
    std::vector<float> largest_;  // contributions among which the ranked ones are
    float enters_ = 0;            // what is not greater is none of them
    std::vector<std::uint8_t> block_bytes_;
};

// Reads lists from one end to the other, page by page.
class PostingsReader {
  public:
    explicit PostingsReader(const Segment& segment);

    // Begins a list.
    void start(const TermEntry& entry);
    // The next block of the list; false at its end.
    bool next(Block& block);

    // Where in a list the reader stands, to go on later, also with another list in between.
    struct Place {
        PageNumber page = kNoPage;
        std::uint32_t offset = 0;
        std::uint32_t left = 0;  // postings
    };
    const Place& place() const noexcept { return place_; }
    void resume(const Place& place) noexcept { place_ = place; }

  private:
    void fetch(PageNumber page);

    const Segment& segment_;
    Place place_;
    PageNumber fetched_ = kNoPage;
    std::uint32_t end_ = 0;  // of the fetched page
    std::vector<std::uint8_t> bytes_;
};

// Reads the skips of a list of more than one block, whole.
void read_skips(const Segment& segment, const TermEntry& entry, std::vector<std::uint8_t>& buffer,
                Skips& skips);

}  // namespace knowhow::search
