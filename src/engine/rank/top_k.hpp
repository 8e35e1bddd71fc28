// The best k of a stream of scored ids.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <utility>
#include <vector>

namespace knowhow {

struct Scored {
    std::int64_t id;
    double score;
};

// The order of every ranked list: the higher score first, equal scores by ascending id.
inline bool ranks_before(const Scored& a, const Scored& b) noexcept {
    return a.score != b.score ? a.score > b.score : a.id < b.id;
}

// Keeps the first k by ranks_before() in a heap of bounded size, so the result does not depend on
// the order of arrival. Ids are distinct. 16 bytes for each of min(k, ids offered);
// O(log k) an id that enters, one comparison for one that does not.
class TopK {
  public:
    TopK(std::size_t k, std::pmr::memory_resource* resource) : k_(k), heap_(resource) {}

    // A score that is NaN never enters.
    void offer(std::int64_t id, double score) {
        const Scored candidate{id, score};
        if (score != score || k_ == 0) {
            return;
        }
        if (heap_.size() < k_) {
            heap_.push_back(candidate);
            std::push_heap(heap_.begin(), heap_.end(), ranks_before);
        } else if (ranks_before(candidate, heap_.front())) {
            std::pop_heap(heap_.begin(), heap_.end(), ranks_before);
            heap_.back() = candidate;
            std::push_heap(heap_.begin(), heap_.end(), ranks_before);
        }
    }

    // Whether offer() with this score could still change the result, whatever the id.
    bool may_enter(double score) const noexcept {
        return k_ > 0 && (heap_.size() < k_ || score >= heap_.front().score);
    }

    // The best first. Leaves this empty.
    std::pmr::vector<Scored> take_sorted() {
        std::sort_heap(heap_.begin(), heap_.end(), ranks_before);
        std::pmr::vector<Scored> result = std::move(heap_);
        heap_.clear();
        return result;
    }

  private:
    std::size_t k_;
    std::pmr::vector<Scored> heap_;
};

}  // namespace knowhow
