// How fresh a snippet is: a signal that breaks ties, and serves where nothing else is known.
#pragma once

#include <cmath>

namespace knowhow {

inline constexpr double kSecondsPerDay = 86400;
inline constexpr double kFreshnessHalfLife = 90;  // days

// `age` in days, 0 or more.
inline double freshness(double age) noexcept {
    return std::exp2(-age / kFreshnessHalfLife);
}

}  // namespace knowhow
