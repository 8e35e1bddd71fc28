// Float32 sums of a window's documents, looked through several at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace knowhow::search {

// Sums come in strips of so many; what is behind the last one is 0.
inline constexpr std::uint32_t kSumsAtOnce = 16;

namespace lanes {

// Four numbers side by side; every compiler has instructions for that on every processor.
inline constexpr std::size_t kLanes = 4;
using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Counts = std::int32_t __attribute__((vector_size(kLanes * sizeof(float))));

inline Floats load(const float* from) noexcept {
    Floats value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

inline Floats all(float value) noexcept {
    return Floats{value, value, value, value};
}

}  // namespace lanes

// How many sums of `strips` strips, each multiplied by its factor unless `factors` is NULL, get to
// `cut` with `bound` added.
inline std::size_t count_reaching(const float* sums, const float* factors, std::size_t strips,
                                  float bound, float cut) noexcept {
    using namespace lanes;
    const Floats more = all(bound);
    const Floats bar = all(cut);
    Counts counts = {0, 0, 0, 0};
    for (std::size_t i = 0; i < strips * kSumsAtOnce; i += kLanes) {
        const Floats here =
            factors == nullptr ? load(sums + i) : load(sums + i) * load(factors + i);
        counts -= here + more >= bar;  // a comparison that holds is -1
    }
    return static_cast<std::size_t>(counts[0] + counts[1] + counts[2] + counts[3]);
}

// Whether one of a strip's sums does.
inline bool some_reach(const float* strip, float bound, float cut) noexcept {
    using namespace lanes;
    const Floats more = all(bound);
    const Floats bar = all(cut);
    Counts some = {0, 0, 0, 0};
    for (std::size_t i = 0; i < kSumsAtOnce; i += kLanes) {
        some |= load(strip + i) + more >= bar;
    }
    std::uint64_t halves[2];
    std::memcpy(halves, &some, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

}  // namespace knowhow::search
