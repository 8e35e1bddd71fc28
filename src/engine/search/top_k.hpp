// Exact top-k over segments and the rows that are in none yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/monitor.hpp"
#include "engine/search/row.hpp"
#include "engine/search/segment.hpp"

namespace knowhow {
class PreparedVector;
}

namespace knowhow::search {

class Best;

// The rows of the fresh area, read from the beginning as often as asked for.
class FreshRows {
  public:
    virtual ~FreshRows() = default;
    virtual void rewind() = 0;
    // The next rows, as many as are at hand; none at the end. They and the bytes of their vectors
    // are valid until the next call.
    virtual std::span<const Row> next() = 0;
};

// A segment to search.
struct SearchedSegment {
    const Segment* segment;
    // Whether deleted bits may be set: if not, they are not read.
    bool has_deleted;
};

// One ordered scan. Rows come in batches, in the order of ranks_before(), each exactly once, to
// the very last one.
//
// Up to kMostSearched rows are searched for, reading no more than that takes. More rows at once, or
// those that have little in common with the query, are found by scoring all, which costs about the
// same whatever their number.
//
// Where a batch is cut does not depend on what is stored in which segment. So when the set of
// segments has changed (GenerationChanged; next() threw and changed nothing), the caller opens the
// present ones, calls forget_fresh(), and next() again: it goes on after the last row returned.
class Search {
  public:
    static constexpr std::size_t kMostSearched = 256;

    // `query`: none where it is NULL; then every row comes without a distance, by TID. Its bytes
    // must outlive the object. Large temporary memory comes from `memory`.
    Search(Measure measure, std::optional<VectorView> query, std::pmr::memory_resource* memory);

    // The next `k` best rows that are not deleted, k > 0; fewer only at the end. Appends nothing
    // but to an empty `hits`, which it clears first. Takes up to 100 bytes for each of k.
    void next(std::span<const SearchedSegment> segments, FreshRows& fresh, std::size_t k,
              std::vector<Hit>& hits, Monitor& monitor);

    // Fresh rows are read by the first batch; if they are not many, their distances are kept for
    // those that follow, until this is called. What comes in meanwhile is not the scan's.
    void forget_fresh() noexcept { fresh_hits_.reset(); }

    // Rows returned so far.
    std::uint64_t returned() const noexcept { return returned_; }

  private:
    void offer_fresh(FreshRows& fresh, Best& best, Monitor& monitor);
    void finish(Best& best, std::vector<Hit>& hits);

    Measure measure_;
    std::optional<VectorView> query_;
    std::pmr::memory_resource* memory_;
    double squared_norm_ = 0;  // of the query
    std::shared_ptr<const PreparedVector> prepared_;
    std::optional<Hit> last_;  // returned; none: nothing yet
    std::uint64_t returned_ = 0;
    std::optional<std::vector<Hit>> fresh_hits_;  // all of them
    bool found_all_high_ = false;  // what is left scores little or nothing
};

// The distance of one row, to the bit what Search and the operators compute.
double distance(Measure measure, VectorView query, VectorView document) noexcept;

}  // namespace knowhow::search
