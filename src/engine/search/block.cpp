#include "engine/search/block.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "engine/search/bytes.hpp"

namespace knowhow::search {
namespace {

// Four numbers side by side; every compiler has instructions for that on every processor.
using Four = std::uint32_t __attribute__((vector_size(16)));

Four load_four(const std::uint8_t* from) noexcept {
    Four value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// Gaps of at most this many bits cannot, all together, pass 2^32 when the first document is below
// 2^31: then checking the last document checks all.
constexpr unsigned kSafeBits = 24;

// Row kRow of a full block, four documents. `last`: the document before them, four times.
template <unsigned kBits, unsigned kRow>
void unpack_row(const std::uint8_t* from, Four& last, std::uint32_t* documents) noexcept {
    constexpr std::uint32_t kMask = kBits == 0 ? 0 : ~std::uint32_t{0} >> (32 - kBits);
    constexpr unsigned kWord = kRow * kBits / 32;
    constexpr unsigned kShift = kRow * kBits % 32;
    const Four zero = {};
    Four gaps = zero;
    if constexpr (kBits != 0) {
        gaps = load_four(from + 16 * kWord) >> kShift;
        if constexpr (kShift + kBits > 32) {
            gaps |= load_four(from + 16 * (kWord + 1)) << (32 - kShift);
        }
        gaps &= kMask;
    }
    gaps += 1;
    gaps += __builtin_shufflevector(zero, gaps, 0, 4, 5, 6);
    gaps += __builtin_shufflevector(zero, gaps, 0, 1, 4, 5);
    gaps += last;
    last = __builtin_shufflevector(gaps, gaps, 3, 3, 3, 3);
    std::memcpy(documents + 4 * kRow, &gaps, sizeof gaps);
}

template <unsigned kBits, unsigned... kRow>
void unpack_rows(const std::uint8_t* from, std::uint32_t first, std::uint32_t* documents,
                 std::integer_sequence<unsigned, kRow...>) noexcept {
    Four last = Four{} + (first - 1);
    (unpack_row<kBits, kRow>(from, last, documents), ...);
}

// Row after row without a loop: where each of them begins is known here.
template <unsigned kBits>
void unpack(const std::uint8_t* from, std::uint32_t first, std::uint32_t* documents) noexcept {
    unpack_rows<kBits>(from, first, documents,
                       std::make_integer_sequence<unsigned, kBlockPostings / 4>());
}

using Unpack = void (*)(const std::uint8_t*, std::uint32_t, std::uint32_t*) noexcept;

template <std::size_t... kBits>
constexpr std::array<Unpack, sizeof...(kBits)> unpackers(std::index_sequence<kBits...>) {
    return {unpack<kBits>...};
}

constexpr auto kUnpack = unpackers(std::make_index_sequence<kMaxGapBits + 1>());

[[noreturn]] void bad(const char* what) {
    corrupted(std::string("A block of postings ") + what);
}

}  // namespace

void encode_block(const std::uint32_t* documents, const float* weights, std::uint32_t count,
                  std::vector<std::uint8_t>& to) {
    std::uint32_t gaps[kBlockPostings] = {};
    std::uint32_t all = 0;
    for (std::uint32_t i = 1; i < count; ++i) {
        gaps[i] = documents[i] - documents[i - 1] - 1;
        all |= gaps[i];
    }
    const unsigned bits = static_cast<unsigned>(std::bit_width(all));
    put(to, documents[0]);
    put(to, static_cast<std::uint8_t>(count - 1));
    put(to, static_cast<std::uint8_t>(bits));
    const std::size_t begin = to.size();
    if (count == kBlockPostings) {
        to.resize(begin + 16 * bits);
        for (std::uint32_t i = 0; i < count; ++i) {
            const unsigned bit = i / 4 * bits;
            std::uint8_t* at = to.data() + begin + 16 * (bit / 32) + 4 * (i % 4);
            const std::uint64_t shifted = std::uint64_t{gaps[i]} << bit % 32;
            const std::uint32_t low = static_cast<std::uint32_t>(shifted);
            const std::uint32_t high = static_cast<std::uint32_t>(shifted >> 32);
            if (low != 0) {
                const std::uint32_t word = load<std::uint32_t>(at) | low;
                std::memcpy(at, &word, sizeof word);
            }
            if (high != 0) {
                const std::uint32_t word = load<std::uint32_t>(at + 16) | high;
                std::memcpy(at + 16, &word, sizeof word);
            }
        }
    } else {
        std::uint64_t held = 0;
        unsigned filled = 0;
        for (std::uint32_t i = 1; i < count; ++i) {
            held |= std::uint64_t{gaps[i]} << filled;
            filled += bits;
            for (; filled >= 8; filled -= 8) {
                to.push_back(static_cast<std::uint8_t>(held));
                held >>= 8;
            }
        }
        if (filled > 0) {
            to.push_back(static_cast<std::uint8_t>(held));
        }
    }
    const std::size_t at = to.size();
    to.resize(at + count * sizeof(float));
    std::memcpy(to.data() + at, weights, count * sizeof(float));
}

std::size_t decode_block(const std::uint8_t* from, std::size_t available, std::uint32_t documents,
                         Block& block) {
    if (available < kBlockHeadBytes) {
        bad("begins at the end of its page.");
    }
    const std::uint32_t first = load<std::uint32_t>(from);
    const std::uint32_t count = from[4] + 1U;
    const unsigned bits = from[5];
    if (count > kBlockPostings || bits > kMaxGapBits || first >= documents) {
        bad("has an impossible head.");
    }
    const std::size_t gap_bytes =
        count == kBlockPostings ? 16 * bits : ((count - 1) * bits + 7) / 8;
    const std::size_t bytes = kBlockHeadBytes + gap_bytes + count * sizeof(float);
    if (bytes > available) {
        bad("runs beyond the end of its page.");
    }
    const std::uint8_t* gaps = from + kBlockHeadBytes;
    if (count == kBlockPostings) {
        kUnpack[bits](gaps, first, block.documents);
        if (bits > kSafeBits) {
            for (std::uint32_t i = 1; i < count; ++i) {
                if (block.documents[i] <= block.documents[i - 1]) {
                    bad("does not ascend.");
                }
            }
        }
        if (block.documents[count - 1] >= documents) {
            bad("names a document that does not exist.");
        }
    } else {
        const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
        std::uint64_t document = first;
        block.documents[0] = first;
        std::size_t bit = 0;
        for (std::uint32_t i = 1; i < count; ++i, bit += bits) {
            document += ((load<std::uint64_t>(gaps + bit / 8) >> bit % 8) & mask) + 1;
            block.documents[i] = static_cast<std::uint32_t>(document);
        }
        if (document >= documents) {
            bad("names a document that does not exist.");
        }
    }
    std::memcpy(block.weights, gaps + gap_bytes, count * sizeof(float));
    block.count = count;
    return bytes;
}

}  // namespace knowhow::search
