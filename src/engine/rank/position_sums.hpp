// What positions of a model add up to for one person.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/monitor.hpp"

namespace knowhow {

// The score of an item by its position in the model.
struct PositionScore {
    std::int32_t position;
    double score;
};

// A sum for each position that was added to. All that is added is sorted by position, digit by digit
// from the lowest (least significant digit radix sort), and then added up: ten thousand positions lie
// too far apart for a hash table to be as fast. Takes 32 bytes for each add(), but for no more than two
// million or twice as many as there are positions; 16 for each position after add_up().
class PositionSums {
  public:
    // `monitor` is polled; it must outlive the object.
    explicit PositionSums(Monitor& monitor) : monitor_(&monitor) {}

    // Begins anew, with room for so many adds.
    void start(std::size_t adds) {
        scores_.clear();
        most_ = kMostAdds;
        scores_.reserve(std::min(adds, most_));
    }

    // `position` is 0 or more.
    void add(std::int32_t position, double value) {
        if (scores_.size() == most_) {
            add_up();
            most_ = std::max(kMostAdds, 2 * scores_.size());
        }
        scores_.push_back({position, value});
    }

    // After the last add(). What belongs to one position is added up in the order in which it came.
    void add_up() {
        sort();
        monitor_->poll();
        std::size_t sums = 0;
        for (const PositionScore& each : scores_) {
            if (sums > 0 && scores_[sums - 1].position == each.position) {
                scores_[sums - 1].score += each.score;
            } else {
                scores_[sums++] = each;
            }
        }
        scores_.resize(sums);
    }

    // By ascending position.
    const std::vector<PositionScore>& all() const noexcept { return scores_; }

    // 0 for a position that nothing was added to.
    double sum(std::int32_t position) const noexcept {
        const auto found = std::ranges::lower_bound(scores_, position, {}, &PositionScore::position);
        return found != scores_.end() && found->position == position ? found->score : 0;
    }

  private:
    static constexpr unsigned kMostDigitBits = 11;
    static constexpr std::size_t kMostAdds = std::size_t{1} << 21;

    // Stable.
    void sort() {
        std::uint32_t all_bits = 0;
        for (const PositionScore& each : scores_) {
            all_bits |= static_cast<std::uint32_t>(each.position);
        }
        const unsigned bits = static_cast<unsigned>(std::bit_width(all_bits));
        const unsigned digits = (bits + kMostDigitBits - 1) / kMostDigitBits;
        std::vector<PositionScore> sorted(digits == 0 ? 0 : scores_.size());
        for (unsigned digit = 0; digit < digits; ++digit) {
            monitor_->poll();
            const unsigned shift = digit * bits / digits;
            const unsigned width = (digit + 1) * bits / digits - shift;
            const auto of = [=](const PositionScore& each) {
                return static_cast<std::uint32_t>(each.position) >> shift & ((1U << width) - 1);
            };
            std::uint32_t places[1U << kMostDigitBits] = {};
            for (const PositionScore& each : scores_) {
                ++places[of(each)];
            }
            std::uint32_t place = 0;
            for (std::uint32_t& here : places) {
                place += std::exchange(here, place);
            }
            for (const PositionScore& each : scores_) {
                sorted[places[of(each)]++] = each;
            }
            std::swap(scores_, sorted);
        }
    }

    Monitor* monitor_;
    std::vector<PositionScore> scores_;
    std::size_t most_ = kMostAdds;
};

}  // namespace knowhow
