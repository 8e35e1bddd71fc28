#include "engine/search/exact_pass.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "engine/search/dictionary.hpp"
#include "engine/search/postings.hpp"
#include "engine/search/segment_format.hpp"

namespace knowhow::search {
namespace {

// Documents scored at a time: their sums fit into the second cache.
constexpr std::uint32_t kWindow = 1U << 16;
// Distances looked at together: most strips have none that can enter.
constexpr std::uint32_t kStrip = 16;

struct List {
    TermEntry entry;
    double weight;  // of the query
    PostingsReader::Place place;
};

// TIDs and deleted bits of rows, read for some at a time and where one of these is asked for.
class Rows {
  public:
    explicit Rows(const SearchedSegment& searched) : searched_(searched) {}

    // None where it is deleted. Rows are asked for in ascending order.
    std::optional<Tid> live(std::uint32_t row) {
        if (row >= end_) {
            read(row);
        }
        const std::uint32_t place = row - first_;
        return deleted_[place] != 0 ? std::nullopt : std::optional(tids_[place]);
    }

  private:
    static constexpr std::uint32_t kAtATime = 1024;

    void read(std::uint32_t row) {
        first_ = row / kAtATime * kAtATime;
        end_ = std::min(first_ + kAtATime, searched_.segment->rows());
        searched_.segment->read_tids(first_, std::span(tids_).first(end_ - first_));
        if (searched_.has_deleted) {
            searched_.segment->read_deleted(first_, std::span(deleted_).first(end_ - first_));
        }
    }

    const SearchedSegment& searched_;
    std::uint32_t first_ = 0;
    std::uint32_t end_ = 0;
    Tid tids_[kAtATime];
    std::uint8_t deleted_[kAtATime] = {};
};

bool some_may_enter(const double* distances, const Best& best) {
    const double limit = best.limit();
    std::int64_t some = 0;  // as wide as a distance, for instructions that compare several
    for (std::uint32_t i = 0; i < kStrip; ++i) {
        some |= !(distances[i] > limit);
    }
    return some != 0;
}

}  // namespace

void exact_pass(const SearchedSegment& searched, VectorView query, double query_squared_norm,
                Best& best, Monitor& monitor, std::pmr::memory_resource* memory) {
    const Segment& segment = *searched.segment;
    const std::uint32_t documents = segment.root().documents;
    const bool cosine = segment.measure() == Measure::kCosine;
    PollEvery poll(monitor, 64);

    std::pmr::vector<List> lists(memory);
    Dictionary dictionary(segment);
    for (std::uint32_t i = 0; i < query.size(); ++i) {
        if (const std::optional<TermEntry> entry = dictionary.find(query.term(i))) {
            lists.push_back(
                {*entry, query.weight(i), {entry->page, entry->offset, entry->documents}});
        }
        poll.step();
    }

    PostingsReader reader(segment);
    Block block;
    Rows rows(searched);
    std::pmr::vector<double> sums((std::min(kWindow, documents) + kStrip - 1) / kStrip * kStrip,
                                  memory);
    std::pmr::vector<double> norms(memory);
    for (std::uint32_t first = 0; first < documents; first += kWindow) {
        const std::uint32_t count = std::min(kWindow, documents - first);
        std::fill(sums.begin(), sums.end(), 0.0);
        // Term by term in the order of bytes: the order in which dot() adds up.
        for (List& list : lists) {
            if (list.entry.documents == 1) {
                if (list.entry.document - first < count) {
                    sums[list.entry.document - first] += list.weight * list.entry.weight;
                }
                continue;
            }
            for (;;) {
                reader.resume(list.place);
                if (!reader.next(block)) {
                    break;
                }
                for (std::uint32_t i = 0; i < block.count; ++i) {
                    const std::uint32_t place = block.documents[i] - first;
                    if (place < count) {
                        sums[place] += list.weight * block.weights[i];
                    }
                }
                poll.step();
                // A block that reaches into the next window is read again there.
                if (block.documents[block.count - 1] - first >= count) {
                    break;
                }
                list.place = reader.place();
            }
        }
        if (cosine) {
            norms.resize(count);
            segment.read_array(segment.root().norms, kNormBytes, first, count, norms.data());
        }
        for (std::uint32_t strip = 0; strip < count; strip += kStrip) {
            const std::uint32_t here = std::min(kStrip, count - strip);
            double* const distances = sums.data() + strip;
            if (cosine) {
                for (std::uint32_t i = 0; i < here; ++i) {
                    distances[i] = distance_of(Measure::kCosine, distances[i], query_squared_norm,
                                               norms[strip + i]);
                }
            } else {
                for (std::uint32_t i = 0; i < kStrip; ++i) {
                    distances[i] = distance_of(Measure::kInnerProduct, distances[i], 0, 0);
                }
            }
            if (!some_may_enter(distances, best)) {
                continue;
            }
            for (std::uint32_t i = 0; i < here; ++i) {
                if (best.may_enter(distances[i])) {
                    if (const std::optional<Tid> tid = rows.live(first + strip + i)) {
                        best.offer({distances[i], *tid, false});
                    }
                }
            }
        }
        monitor.poll();
    }
}

void offer_nulls(const SearchedSegment& searched, std::uint32_t first, Best& best,
                 Monitor& monitor) {
    const Segment& segment = *searched.segment;
    Rows rows(searched);
    PollEvery poll(monitor, 4096);
    for (std::uint32_t row = first; row < segment.rows(); ++row) {
        if (const std::optional<Tid> tid = rows.live(row)) {
            best.offer({0, *tid, true});
        }
        poll.step();
    }
}

}  // namespace knowhow::search
