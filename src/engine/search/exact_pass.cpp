#include "engine/search/exact_pass.hpp"

#include <algorithm>
#include <vector>

#include "engine/search/dictionary.hpp"
#include "engine/search/postings.hpp"
#include "engine/search/segment_format.hpp"

namespace knowhow::search {
namespace {

// Documents scored at a time: their sums fit into the second cache.
constexpr std::uint32_t kWindow = 1U << 16;
constexpr std::uint32_t kRowsAtATime = 4096;

struct List {
    TermEntry entry;
    double weight;  // of the query
    PostingsReader::Place place;
};

// Deleted bits of some rows, where there may be any.
class Deleted {
  public:
    explicit Deleted(const SearchedSegment& searched) : searched_(searched) {}
    void read(std::uint32_t first, std::uint32_t count) {
        if (searched_.has_deleted) {
            bits_.resize(count);
            searched_.segment->read_deleted(first, bits_);
        }
    }
    bool operator[](std::uint32_t i) const { return searched_.has_deleted && bits_[i] != 0; }

  private:
    const SearchedSegment& searched_;
    std::vector<std::uint8_t> bits_;
};

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
    Deleted deleted(searched);
    std::pmr::vector<double> sums(std::min(kWindow, documents), memory);
    std::pmr::vector<double> norms(memory);
    std::pmr::vector<Tid> tids(std::min(kWindow, documents), memory);
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
        deleted.read(first, count);
        bool have_tids = false;
        for (std::uint32_t i = 0; i < count; ++i) {
            const double distance =
                distance_of(segment.measure(), sums[i], query_squared_norm, cosine ? norms[i] : 0);
            if (!best.may_enter(distance) && distance == distance) {
                continue;
            }
            if (deleted[i]) {
                continue;
            }
            if (!have_tids) {
                segment.read_tids(first, std::span(tids).first(count));
                have_tids = true;
            }
            best.offer({distance, tids[i], false});
        }
        monitor.poll();
    }
}

void offer_nulls(const SearchedSegment& searched, std::uint32_t first, Best& best,
                 Monitor& monitor) {
    const Segment& segment = *searched.segment;
    Deleted deleted(searched);
    std::vector<Tid> tids;
    for (std::uint32_t row = first; row < segment.rows(); row += kRowsAtATime) {
        const std::uint32_t count = std::min(kRowsAtATime, segment.rows() - row);
        tids.resize(count);
        segment.read_tids(row, tids);
        deleted.read(row, count);
        for (std::uint32_t i = 0; i < count; ++i) {
            if (!deleted[i]) {
                best.offer({0, tids[i], true});
            }
        }
        monitor.poll();
    }
}

}  // namespace knowhow::search
