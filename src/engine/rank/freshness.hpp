// How fresh a snippet is: a signal that breaks ties, and serves where nothing else is known. Where
// people read what is new, training finds out and gives it more weight.
#pragma once

#include <cmath>

namespace knowhow {

inline constexpr double kSecondsPerDay = 86400;
inline constexpr double kFreshnessHalfLife = 90;  // days

// 1 for what is made now, and half for every half-life. `age` and `half_life` in days, `age` 0 or
// more.
inline double freshness(double age, double half_life = kFreshnessHalfLife) noexcept {
    return std::exp2(-age / half_life);
}

}  // namespace knowhow
