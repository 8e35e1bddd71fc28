// Walks over everything that an index holds and notes what is wrong with it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/search/ledger.hpp"
#include "server/border/border.hpp"
#include "server/index/metapage.hpp"

extern "C" {
#include <storage/bufmgr.h>
}

namespace knowhow::server::index {

// What is wrong, and where, as far as that is known.
struct Problem {
    std::optional<BlockNumber> block;  // of the index
    std::optional<search::Tid> tid;    // a row of the table
    std::string sentence;
};

// At most that many are noted; the last one says that there are more.
inline constexpr std::size_t kMostProblems = 100;

// For engine code. What the metapage named when the walk began is read, while others write: the
// caller holds a snapshot from before, so that no page of it is used again meanwhile.
class Walk {
  public:
    // Takes at most `memory` bytes: 16 for each row, and up to 24 for each of the largest segment;
    // more ends with Error(kOutOfMemory).
    Walk(Relation index, std::size_t memory);

    // Reads the whole index. Damage is noted, other errors are thrown.
    void read();

    // A row of the table that the snapshot sees; `vector` means nothing where it is NULL.
    void compare(search::Tid tid, bool null, VectorView vector);

    // After the last row; `table_blocks`: how many the table has now.
    void finish(BlockNumber table_blocks);

    const std::vector<Problem>& problems() const noexcept { return problems_; }

    // Whether, at the end, the metapage led elsewhere than at the beginning. On a standby pages of
    // the beginning may have been used again then, which looks like damage.
    bool is_outdated() const noexcept { return outdated_; }

  private:
    class SegmentPages;

    void note(Problem problem);
    template <typename Body>
    bool noting(const std::optional<BlockNumber>& block, Body&& body);

    const char* copy(BlockNumber block);
    const char* copy(BlockNumber block, Kind kind, uint64 generation);
    bool read_meta_copy(Meta* meta);
    void claim(BlockNumber block);
    void check_meta();
    void read_segment(const SegmentEntry& entry);
    void read_fresh_pages();
    void read_fresh_rows();
    void read_unclaimed();

    Relation index_;
    InterruptMonitor monitor_;
    MemoryBudget budget_;
    BufferAccessStrategy strategy_ = nullptr;
    std::unique_ptr<char[]> page_;
    std::optional<BlockNumber> copied_;  // what page_ holds, or was to hold
    Meta meta_;
    bool has_meta_ = false;
    bool outdated_ = false;
    // Counts that fit, and pages that are not free, only if nobody has written since the metapage
    // was read.
    std::vector<Problem> miscounts_;
    std::set<BlockNumber> freed_;  // among these pages
    std::vector<bool> claimed_;  // by block: something led there
    bool whole_ = true;          // every row could be read
    search::Ledger ledger_;
    std::vector<search::Tid> seen_repeated_;  // rows of the table
    std::vector<Problem> problems_;
};

}  // namespace knowhow::server::index
