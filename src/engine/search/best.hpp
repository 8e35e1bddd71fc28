// The best k of the rows offered, behind a row that was returned before.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "engine/search/bytes.hpp"
#include "engine/search/row.hpp"

namespace knowhow::search {

// Of bounded size, in the order of ranks_before(): the result depends on what is offered, not on
// the order in which it comes.
//
// A few rows are kept in a heap, so that the limit falls with each of them. Many are kept in a list
// of twice the length, whose worse half goes when it is full: then a row costs a comparison or two,
// however many are wanted.
class Best {
  public:
    static constexpr std::size_t kMostInHeap = 256;

    Best(std::size_t k, std::optional<Hit> after) : k_(k), after_(after) {
        if (after) {
            least_ = after->null ? std::numeric_limits<double>::infinity() : after->distance;
        }
    }

    bool full() const noexcept { return kept_.size() >= k_; }

    // Nothing whose distance is greater can enter any more. Infinity: not yet known.
    double limit() const noexcept { return limit_; }

    // Whether a row of this distance can enter, whatever its TID. What is no number can: offer()
    // must see it.
    bool may_enter(double distance) const noexcept {
        return !(distance < least_) && !(distance > limit_);
    }

    void offer(const Hit& hit) {
        if (!hit.null && !std::isfinite(hit.distance)) {
            corrupted("A weight in it is no number.");
        }
        if ((after_ && !ranks_before(*after_, hit)) || (worst_ && !ranks_before(hit, *worst_))) {
            return;
        }
        if (k_ > kMostInHeap) {
            if (kept_.size() == 2 * k_) {
                drop_the_worse();
                bound(kept_.back());
            }
            kept_.push_back(hit);
            return;
        }
        if (kept_.size() == k_) {
            std::pop_heap(kept_.begin(), kept_.end(), kBefore);
            kept_.back() = hit;
        } else {
            kept_.push_back(hit);
        }
        std::push_heap(kept_.begin(), kept_.end(), kBefore);
        if (kept_.size() == k_) {
            bound(kept_.front());
        }
    }

    // The best first. Leaves this empty.
    void take(std::vector<Hit>& to) {
        drop_the_worse();
        std::sort(kept_.begin(), kept_.end(), kBefore);
        to = std::exchange(kept_, {});
    }

  private:
    // Of more than k rows, puts the k-th last.
    void drop_the_worse() {
        if (kept_.size() > k_) {
            const auto kth = kept_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
            std::nth_element(kept_.begin(), kth, kept_.end(), kBefore);
            kept_.resize(k_);
        }
    }

    void bound(const Hit& worst) {
        worst_ = worst;
        limit_ = worst.null ? std::numeric_limits<double>::infinity() : worst.distance;
    }

    // A type of its own, so that sorting does not call it by a pointer.
    static constexpr auto kBefore = [](const Hit& a, const Hit& b) { return ranks_before(a, b); };

    std::size_t k_;
    std::optional<Hit> after_;
    std::optional<Hit> worst_;  // of k rows that were offered
    double least_ = -std::numeric_limits<double>::infinity();
    double limit_ = std::numeric_limits<double>::infinity();
    std::vector<Hit> kept_;
};

}  // namespace knowhow::search
