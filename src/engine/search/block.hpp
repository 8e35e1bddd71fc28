// Blocks of postings: how up to 128 of them are stored.
//
//     uint32   first document
//     uint8    postings - 1
//     uint8    bits of a gap
//     gaps     between neighbouring documents, less 1, packed
//     float32  weights[postings], as they were given
//
// A whole block packs 128 gaps (the first is 0) in four interleaved streams, 16 bytes a bit: the
// i-th gap is in stream i mod 4, so that four are unpacked at a time by instructions that every
// processor has. A shorter block packs one gap after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace knowhow::search {

inline constexpr std::uint32_t kBlockPostings = 128;
inline constexpr std::size_t kBlockHeadBytes = 6;
inline constexpr unsigned kMaxGapBits = 31;
inline constexpr std::size_t kMaxBlockBytes =
    kBlockHeadBytes + kMaxGapBits * 16 + kBlockPostings * sizeof(float);

struct Block {
    alignas(64) std::uint32_t documents[kBlockPostings];
    alignas(64) float weights[kBlockPostings];
    std::uint32_t count = 0;
};

// Appends the block's bytes; documents ascend, all below kMaxRows.
void encode_block(const std::uint32_t* documents, const float* weights, std::uint32_t count,
                  std::vector<std::uint8_t>& to);

// Reads a block of `available` bytes at most, behind which kSlack bytes may be loaded, and returns
// how many it takes. Throws Error(kDataCorrupted) unless its documents ascend and are less than
// `documents`. Weights are not looked at.
std::size_t decode_block(const std::uint8_t* from, std::size_t available, std::uint32_t documents,
                         Block& block);

}  // namespace knowhow::search
