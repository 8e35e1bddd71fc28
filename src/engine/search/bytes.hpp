// Numbers in bytes that may be damaged, and in bytes that are being made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/search/page.hpp"

namespace knowhow::search {

// What all decoders throw; the server knows which index and which block were read last.
[[noreturn]] inline void corrupted(std::string detail) {
    throw Error(ErrorCode::kDataCorrupted, "a segment of a tfidf index is damaged",
                "Make the index anew with REINDEX.", std::move(detail));
}

// Page buffers are this much longer than a page, so that whole words may be loaded at its end.
inline constexpr std::size_t kSlack = 64;

template <typename T>
T load(const std::uint8_t* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// Takes numbers from the front, never beyond the end.
class ByteReader {
  public:
    ByteReader(const std::uint8_t* at, const std::uint8_t* end) : at_(at), end_(end) {}

    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    const std::uint8_t* at() const noexcept { return at_; }

    template <typename T>
    T take() {
        require(sizeof(T));
        const T value = load<T>(at_);
        at_ += sizeof(T);
        return value;
    }

    // Seven bits a byte, the least significant first; the top bit says that more follow.
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t byte = take<std::uint8_t>();
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) {
                return value;
            }
        }
        corrupted("A number in it has no end.");
    }

    std::string_view bytes(std::size_t count) {
        require(count);
        const char* begin = reinterpret_cast<const char*>(at_);
        at_ += count;
        return {begin, count};
    }

  private:
    void require(std::size_t count) const {
        if (count > left()) {
            corrupted("An entry runs beyond the end of its page.");
        }
    }

    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

template <typename T>
void put(std::vector<std::uint8_t>& to, T value) {
    const std::size_t size = to.size();
    to.resize(size + sizeof value);
    std::memcpy(to.data() + size, &value, sizeof value);
}

inline void put_varint(std::vector<std::uint8_t>& to, std::uint64_t value) {
    while (value >= 0x80) {
        to.push_back(static_cast<std::uint8_t>(value) | 0x80);
        value >>= 7;
    }
    to.push_back(static_cast<std::uint8_t>(value));
}

inline void put_bytes(std::vector<std::uint8_t>& to, std::string_view bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

// What the page of every kind but the arrays begins with.
struct PageHead {
    std::uint8_t kind;
    std::uint8_t level;   // of a node of the dictionary: 0 for leaves
    std::uint16_t count;  // entries of a node; of pages of postings and skips: bytes used, head
                          // included
    PageNumber next;      // leaves and postings: the one that follows, or kNoPage
};
inline constexpr std::size_t kPageHeadBytes = 8;
static_assert(sizeof(PageHead) == kPageHeadBytes);

}  // namespace knowhow::search
