#include "engine/search/top_k.hpp"

#include <memory>
#include <utility>

#include "engine/search/best.hpp"
#include "engine/search/exact_pass.hpp"
#include "engine/search/fast_pass.hpp"
#include "engine/sparse/prepared.hpp"

namespace knowhow::search {
namespace {

constexpr std::size_t kMostFreshKept = 16384;

// A search skips what the limit excludes, so that must fall with every row.
static_assert(Search::kMostSearched <= Best::kMostInHeap);

}  // namespace

double distance(Measure measure, VectorView query, VectorView document) noexcept {
    const bool cosine = measure == Measure::kCosine;
    return distance_of(measure, dot(query, document), cosine ? squared_norm(query) : 0,
                       cosine ? squared_norm(document) : 0);
}

Search::Search(Measure measure, std::optional<VectorView> query, std::pmr::memory_resource* memory)
    : measure_(measure), query_(query), memory_(memory) {
    if (query_) {
        squared_norm_ = squared_norm(*query_);
        prepared_ = std::make_shared<const PreparedVector>(*query_);
    }
}

void Search::offer_fresh(FreshRows& fresh, Best& best, Monitor& monitor) {
    if (fresh_hits_) {
        for (const Hit& hit : *fresh_hits_) {
            best.offer(hit);
        }
        return;
    }
    std::vector<Hit> kept;
    std::size_t count = 0;
    fresh.rewind();
    for (std::span<const Row> rows = fresh.next(); !rows.empty(); rows = fresh.next()) {
        PollEvery poll(monitor, 256);
        for (const Row& row : rows) {
            Hit hit{0, row.tid, true};
            if (!row.null && query_) {
                const double norm = measure_ == Measure::kCosine ? squared_norm(row.vector) : 0;
                hit = {distance_of(measure_, prepared_->dot(row.vector), squared_norm_, norm),
                       row.tid, false};
            }
            best.offer(hit);
            if (++count <= kMostFreshKept) {
                kept.push_back(hit);
            }
            poll.step();
        }
        monitor.poll();
    }
    if (count == kept.size()) {
        fresh_hits_ = std::move(kept);
    }
}

void Search::next(std::span<const SearchedSegment> segments, FreshRows& fresh, std::size_t k,
                  std::vector<Hit>& hits, Monitor& monitor) {
    // Primed with what the dictionary promises, then without (too many rows deleted or returned
    // already), then by all scores: each finds the same rows where it finds enough.
    for (const bool primed : {true, false}) {
        if (!query_ || found_all_high_ || k > kMostSearched) {
            break;
        }
        Best best(k, last_);
        offer_fresh(fresh, best, monitor);
        const std::optional<double> found = fast_pass(
            segments, *query_, squared_norm_, returned_ + k, primed, best, monitor, memory_);
        if (found && best.full() && best.limit() < *found) {
            finish(best, hits);
            return;
        }
        if (!found) {
            break;
        }
        found_all_high_ = !primed;
    }
    Best best(k, last_);
    offer_fresh(fresh, best, monitor);
    for (const SearchedSegment& searched : segments) {
        if (query_) {
            exact_pass(searched, *query_, squared_norm_, best, monitor, memory_);
        }
        offer_nulls(searched, query_ ? searched.segment->root().documents : 0, best, monitor);
    }
    finish(best, hits);
}

void Search::finish(Best& best, std::vector<Hit>& hits) {
    best.take(hits);
    if (!hits.empty()) {
        last_ = hits.back();
        returned_ += hits.size();
    }
}

}  // namespace knowhow::search
