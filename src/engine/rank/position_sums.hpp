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
// too far apart for a hash table to be as fast. Takes 32 bytes for each add(), 16 after add_up().
class PositionSums {
  public:
    void reserve(std::size_t adds) { scores_.reserve(adds); }

    // `position` is 0 or more.
    void add(std::int32_t position, double value) { scores_.push_back({position, value}); }

    // After the last add(). What belongs to one position is added up in the order in which it came.
    void add_up(Monitor& monitor) {
        sort(monitor);
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

    // Stable.
    void sort(Monitor& monitor) {
        std::uint32_t all_bits = 0;
        for (const PositionScore& each : scores_) {
            all_bits |= static_cast<std::uint32_t>(each.position);
        }
        const unsigned bits = static_cast<unsigned>(std::bit_width(all_bits));
        const unsigned digits = (bits + kMostDigitBits - 1) / kMostDigitBits;
        std::vector<PositionScore> sorted(digits == 0 ? 0 : scores_.size());
        for (unsigned digit = 0; digit < digits; ++digit) {
            monitor.poll();
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

    std::vector<PositionScore> scores_;
};

}  // namespace knowhow
