// What is read now: popularity in which every interaction loses weight with its age.
//
//   trending_i = Σ_u w_ui 2^(-age_ui / half-life)   over positive weights
//
// A sum that forgets exponentially, and so stays in the same proportions while nothing happens
// (Gardner 1985, "Exponential smoothing: the state of the art"; as a baseline of recommenders: Ji,
// Sun, Zhang and Li 2020, "A re-visit of the popularity baseline in recommender systems").
//
// Times are whole minutes, counted from any one moment: 4 bytes a row, and nobody knows trends of
// seconds.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace knowhow {

inline constexpr double kMinutesPerDay = 1440;
inline constexpr std::int32_t kNoMinute = std::numeric_limits<std::int32_t>::min();  // no time

// How the weight of an interaction fades.
struct Fading {
    double half_life = 7;  // days, > 0
    // Now. What is dated later is as old as nothing.
    std::int32_t now = std::numeric_limits<std::int32_t>::max();
};

// The minute in which a moment (microseconds) lies; kNoMinute for one at either end of time or
// beyond the 4083 years that 32 bits of minutes hold.
std::int32_t minute_of(std::int64_t microseconds) noexcept;

// 2^(-(from `minute` to `now`) / half-life): 1 for what is later than now, 0 for no time.
double faded(std::int32_t minute, std::int32_t now, double half_life) noexcept;

// A row of one snippet.
struct TimedWeight {
    std::int32_t minute;
    float weight;
};

// Popularity and trend of a snippet from its rows: for those that are too young to be in a model.
struct Demand {
    double popularity = 0;  // sum of positive weights
    double trending = 0;
};

// The order of the rows does not matter; they are sorted.
Demand demand_of(std::vector<TimedWeight>& rows, const Fading& fading);

}  // namespace knowhow
