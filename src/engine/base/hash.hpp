// A hash that is the same on every machine, for choices that must not depend on anything else.
#pragma once

#include <cstdint>

namespace knowhow {

// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
inline std::uint64_t mix(std::uint64_t z) noexcept {
    z += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

inline std::uint64_t hash_of(std::int64_t first, std::int64_t second, std::uint64_t seed) noexcept {
    return mix(mix(mix(seed) ^ static_cast<std::uint64_t>(first)) ^
               static_cast<std::uint64_t>(second));
}

}  // namespace knowhow
