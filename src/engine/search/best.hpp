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

// A heap of bounded size in the order of ranks_before(): the result depends on what is offered, not
// on the order in which it comes.
class Best {
  public:
    Best(std::size_t k, std::optional<Hit> after) : k_(k), after_(after) {}

    bool full() const noexcept { return heap_.size() == k_; }

    // Nothing whose distance is greater can enter any more. Infinity: not yet known.
    double limit() const noexcept {
        return full() && !heap_.front().null ? heap_.front().distance
                                             : std::numeric_limits<double>::infinity();
    }

    // Whether a row of this distance can enter, whatever its TID.
    bool may_enter(double distance) const noexcept {
        return distance <= limit() && !(after_ && (after_->null || distance < after_->distance));
    }

    void offer(const Hit& hit) {
        if (!hit.null && !std::isfinite(hit.distance)) {
            corrupted("A weight in it is no number.");
        }
        if (after_ && !ranks_before(*after_, hit)) {
            return;
        }
        if (heap_.size() < k_) {
            heap_.push_back(hit);
            std::push_heap(heap_.begin(), heap_.end(), ranks_before);
        } else if (ranks_before(hit, heap_.front())) {
            std::pop_heap(heap_.begin(), heap_.end(), ranks_before);
            heap_.back() = hit;
            std::push_heap(heap_.begin(), heap_.end(), ranks_before);
        }
    }

    // The best first. Leaves this empty.
    void take(std::vector<Hit>& to) {
        std::sort_heap(heap_.begin(), heap_.end(), ranks_before);
        to = std::exchange(heap_, {});
    }

  private:
    std::size_t k_;
    std::optional<Hit> after_;
    std::vector<Hit> heap_;
};

}  // namespace knowhow::search
