// Random numbers that are the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace knowhow {

// SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"). Seeds
// need not differ by much for their sequences to differ wholly.
class SplitMix64 {
  public:
    explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() noexcept {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    // Below `bound`, which is less than 2^32: the upper half scaled. The bias is bound / 2^32.
    std::size_t below(std::uint64_t bound) noexcept {
        return static_cast<std::size_t>(((next() >> 32U) * bound) >> 32U);
    }

    // In [0, 1), a multiple of 2^-53.
    double unit() noexcept { return static_cast<double>(next() >> 11U) * 0x1p-53; }

  private:
    std::uint64_t state_;
};

}  // namespace knowhow
