// What limit.cpp takes of AVX-512, by vectors of the compiler: for machines that have AVX2 only.
#pragma once

using __m512 [[gnu::vector_size(64)]] = float;
using __m512i_mask [[gnu::vector_size(64)]] = int;
using __mmask16 = unsigned short;

#define _CMP_GT_OQ 30

inline __m512 _mm512_loadu_ps(const void* from) {
    __m512 to;
    __builtin_memcpy(&to, from, sizeof to);
    return to;
}
inline __m512 _mm512_load_ps(const void* from) { return _mm512_loadu_ps(from); }
inline __m512 _mm512_set1_ps(float value) { return value - __m512{}; }
inline __m512 _mm512_setzero_ps() { return __m512{}; }

// Greater than: the only comparison.
inline __mmask16 _mm512_cmp_ps_mask(__m512 a, __m512 b, int) {
    const __m512i_mask greater = a > b;
    __mmask16 mask = 0;
    bool any = false;
    for (int i = 0; i < 16; ++i) {
        any |= greater[i] != 0;
    }
    if (any) {
        for (int i = 0; i < 16; ++i) {
            mask |= static_cast<__mmask16>((greater[i] & 1) << i);
        }
    }
    return mask;
}
