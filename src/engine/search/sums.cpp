#include "engine/search/sums.hpp"

#include <cstring>

namespace knowhow::search {
namespace {

// Numbers side by side: four for every processor, eight for AVX2.
template <std::size_t kLanes>
struct Vectors {
    typedef float Floats __attribute__((vector_size(kLanes * sizeof(float))));
    typedef std::int32_t Counts __attribute__((vector_size(kLanes * sizeof(float))));
};
template <std::size_t kLanes>
using Floats = typename Vectors<kLanes>::Floats;
template <std::size_t kLanes>
using Counts = typename Vectors<kLanes>::Counts;

template <std::size_t kLanes>
KNOWHOW_INLINED std::size_t count(const float* sums, const float* factors, std::size_t strips,
                                  float bound, float cut) noexcept {
    constexpr std::size_t kParts = kSumsAtOnce / kLanes;
    const Floats<kLanes> more = Floats<kLanes>{} + bound;
    const Floats<kLanes> bar = Floats<kLanes>{} + cut;
    Counts<kLanes> counts[kParts] = {};
    for (std::size_t i = 0; i < strips * kSumsAtOnce; i += kSumsAtOnce) {
#pragma GCC unroll 4
        for (std::size_t part = 0; part < kParts; ++part) {
            Floats<kLanes> here;
            std::memcpy(&here, sums + i + part * kLanes, sizeof here);
            if (factors != nullptr) {
                Floats<kLanes> factor;
                std::memcpy(&factor, factors + i + part * kLanes, sizeof factor);
                here *= factor;
            }
            counts[part] -= here + more >= bar;  // a comparison that holds is -1
        }
    }
    std::int32_t lanes[kSumsAtOnce];
    std::memcpy(lanes, counts, sizeof lanes);
    std::size_t all = 0;
    for (const std::int32_t lane : lanes) {
        all += static_cast<std::size_t>(lane);
    }
    return all;
}

template <std::size_t kLanes>
KNOWHOW_INLINED std::size_t next(const float* sums, std::size_t strip, std::size_t strips,
                                 float bound, float cut) noexcept {
    const Floats<kLanes> more = Floats<kLanes>{} + bound;
    const Floats<kLanes> bar = Floats<kLanes>{} + cut;
    for (; strip < strips; ++strip) {
        Counts<kLanes> some = {};
#pragma GCC unroll 4
        for (std::size_t i = 0; i < kSumsAtOnce; i += kLanes) {
            Floats<kLanes> here;
            std::memcpy(&here, sums + strip * kSumsAtOnce + i, sizeof here);
            some |= here + more >= bar;
        }
        std::uint64_t words[kLanes / 2];
        std::memcpy(words, &some, sizeof words);
        std::uint64_t any = 0;
        for (const std::uint64_t word : words) {
            any |= word;
        }
        if (any != 0) {
            break;
        }
    }
    return strip;
}

#if defined(__x86_64__)
KNOWHOW_AVX2 std::size_t count_avx2(const float* sums, const float* factors, std::size_t strips,
                                    float bound, float cut) noexcept {
    return factors == nullptr ? count<8>(sums, nullptr, strips, bound, cut)
                              : count<8>(sums, factors, strips, bound, cut);
}

KNOWHOW_AVX2 std::size_t next_avx2(const float* sums, std::size_t strip, std::size_t strips,
                                   float bound, float cut) noexcept {
    return next<8>(sums, strip, strips, bound, cut);
}
#endif

}  // namespace

std::size_t count_reaching(const float* sums, const float* factors, std::size_t strips, float bound,
                           float cut, [[maybe_unused]] Instructions with) noexcept {
#if defined(__x86_64__)
    if (with == Instructions::kAvx2) {
        return count_avx2(sums, factors, strips, bound, cut);
    }
#endif
    return factors == nullptr ? count<4>(sums, nullptr, strips, bound, cut)
                              : count<4>(sums, factors, strips, bound, cut);
}

std::size_t next_reaching(const float* sums, std::size_t strip, std::size_t strips, float bound,
                          float cut, [[maybe_unused]] Instructions with) noexcept {
#if defined(__x86_64__)
    if (with == Instructions::kAvx2) {
        return next_avx2(sums, strip, strips, bound, cut);
    }
#endif
    return next<4>(sums, strip, strips, bound, cut);
}

}  // namespace knowhow::search
