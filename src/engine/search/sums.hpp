// Float32 sums of a window's documents, looked through several at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/search/instructions.hpp"

namespace knowhow::search {

// Sums come in strips of so many; what is behind the last one is 0.
inline constexpr std::uint32_t kSumsAtOnce = 16;

// How many sums of `strips` strips, each multiplied by its factor unless `factors` is NULL, get to
// `cut` with `bound` added.
std::size_t count_reaching(const float* sums, const float* factors, std::size_t strips, float bound,
                           float cut, Instructions with = kFastest) noexcept;

// The first strip, from `strip` on, in which a sum does; `strips` if none is left.
std::size_t next_reaching(const float* sums, std::size_t strip, std::size_t strips, float bound,
                          float cut, Instructions with = kFastest) noexcept;

}  // namespace knowhow::search
