// Which instructions a loop may use: those that every processor of the architecture has, or faster
// ones that are there where the module is loaded. Results are the same bit for bit.
#pragma once

namespace knowhow::search {

enum class Instructions { kBaseline, kAvx2 };

// A function marked so is compiled for AVX2, and may only be called where the processor has it.
#if defined(__x86_64__)
#define KNOWHOW_AVX2 [[gnu::target("avx2")]]
#endif
// What functions for several kinds of instructions share is inlined into each. Vectors are never
// passed by value there: that is not the same with and without AVX.
#define KNOWHOW_INLINED [[gnu::always_inline]] inline

inline Instructions fastest_instructions() noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        return Instructions::kAvx2;
    }
#endif
    return Instructions::kBaseline;
}

// Found out once, when the module is loaded.
inline const Instructions kFastest = fastest_instructions();

}  // namespace knowhow::search
