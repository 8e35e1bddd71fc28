// The numbers that make up the format of a segment besides those of its parts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/search/bytes.hpp"
#include "engine/search/row.hpp"

namespace knowhow::search {

inline constexpr std::uint32_t kSegmentMagic = 0x6B686967;  // "khig"
inline constexpr std::uint16_t kSegmentVersion = 1;

// Items of the arrays.
inline constexpr std::size_t kTidBytes = 6;      // uint32 block, uint16 line pointer
inline constexpr std::size_t kNormBytes = 8;     // double
inline constexpr std::size_t kInverseBytes = 4;  // float, 0 for an empty vector

// Pages that an array takes.
constexpr std::uint64_t array_pages(std::uint64_t items, std::size_t item, std::size_t payload) {
    const std::uint64_t per_page = payload / item;
    return (items + per_page - 1) / per_page;
}

inline Tid load_tid(const std::uint8_t* from) noexcept {
    return make_tid(load<std::uint32_t>(from), load<std::uint16_t>(from + 4));
}

inline void store_tid(Tid tid, std::uint8_t* to) noexcept {
    const std::uint32_t block = tid_block(tid);
    const std::uint16_t line = tid_line(tid);
    std::memcpy(to, &block, sizeof block);
    std::memcpy(to + 4, &line, sizeof line);
}

}  // namespace knowhow::search
