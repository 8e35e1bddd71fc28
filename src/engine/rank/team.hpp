// What a person's team likes: the signal of one of whom nothing else is known. Its value for a
// snippet is the sum of the positive weights that colleagues gave it, over the kMostOfColleague
// newest of each of the first kMostColleagues colleagues by identifier, so that the cost of a
// newcomer's question does not grow with the company.
#pragma once

#include <cstddef>

namespace knowhow {

inline constexpr std::size_t kMostColleagues = 50;
inline constexpr std::size_t kMostOfColleague = 20;

}  // namespace knowhow
