// Reads the fresh area's rows, one after the other, for engine code.
#pragma once

#include "server/index/fresh.hpp"

#include <memory>
#include <vector>

namespace knowhow::server::index {

class FreshReader {
  public:
    // Reads what is there at the time of `meta` and what has been added since, up to the page `end`
    // if it comes to that. Takes a page's copy and the largest row.
    FreshReader(Relation index, const Meta& meta, BlockNumber end = InvalidBlockNumber);

    // The next row that VACUUM has not removed; its bytes are valid until the next call. False at
    // the end. Throws what reading raises, GenerationChanged, and errors that name index and block.
    bool next(search::Row& row);

    // Pages read so far.
    uint32 pages() const noexcept { return pages_; }
    // Bytes of the rows so far, those that VACUUM has removed included.
    uint64 bytes() const noexcept { return bytes_; }

  private:
    bool open_next_page();
    search::Row decode(const char* bytes, Size size) const;

    Relation index_;
    BlockNumber end_;
    std::unique_ptr<char[]> page_;
    BlockNumber block_ = InvalidBlockNumber;  // that page_ holds
    BlockNumber next_;
    uint64 next_generation_;
    BlockNumber blocks_;  // of the index, at the time of its last growth that mattered here
    uint32 pages_ = 0;
    uint64 bytes_ = 0;
    Size offset_ = 0;
    std::vector<char> long_row_;   // a row of several chunks, as far as it is read
    std::vector<char> whole_row_;  // the last such row that was returned
};

}  // namespace knowhow::server::index
