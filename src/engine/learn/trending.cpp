#include "engine/learn/trending.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace knowhow {

std::int32_t minute_of(std::int64_t microseconds) noexcept {
    constexpr std::int64_t kMicrosecondsPerMinute = 60'000'000;
    std::int64_t minute = microseconds / kMicrosecondsPerMinute;
    if (microseconds % kMicrosecondsPerMinute < 0) {
        --minute;
    }
    return minute > kNoMinute && minute <= std::numeric_limits<std::int32_t>::max()
               ? static_cast<std::int32_t>(minute)
               : kNoMinute;
}

double faded(std::int32_t minute, std::int32_t now, double half_life) noexcept {
    if (minute == kNoMinute) {
        return 0;
    }
    const double age = static_cast<double>(now) - static_cast<double>(minute);
    return std::exp2(-std::max(age, 0.0) / kMinutesPerDay / half_life);
}

Demand demand_of(std::vector<TimedWeight>& rows, const Fading& fading) {
    std::sort(rows.begin(), rows.end(), [](const TimedWeight& l, const TimedWeight& r) {
        return std::tie(l.minute, l.weight) < std::tie(r.minute, r.weight);
    });
    Demand demand;
    for (const TimedWeight& row : rows) {
        if (row.weight > 0 && std::isfinite(row.weight)) {
            const auto weight = static_cast<double>(row.weight);
            demand.popularity += weight;
            demand.trending += weight * faded(row.minute, fading.now, fading.half_life);
        }
    }
    return demand;
}

}  // namespace knowhow
