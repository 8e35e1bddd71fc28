// What the index knows of a table's row, and how rows are ranked.
#pragma once

#include <cstdint>

#include "engine/sparse/vector.hpp"

namespace knowhow::search {

// A row's place in the table: (block << 16) | line pointer. 48 bits are used.
using Tid = std::uint64_t;
inline constexpr Tid kMostTid = (Tid{1} << 48) - 1;

constexpr Tid make_tid(std::uint32_t block, std::uint16_t line) noexcept {
    return Tid{block} << 16 | line;
}
constexpr std::uint32_t tid_block(Tid tid) noexcept {
    return static_cast<std::uint32_t>(tid >> 16);
}
constexpr std::uint16_t tid_line(Tid tid) noexcept {
    return static_cast<std::uint16_t>(tid);
}

// What an index orders by. Stored, so numbers are never changed or used again.
enum class Measure : std::uint8_t {
    kInnerProduct = 1,  // <#>: 0 - the inner product
    kCosine = 2,        // <=>: 1 - the cosine, 1 where a vector is empty
};

// A row found: `distance` to the bit what the operator computes. A row whose vector is NULL has
// no distance; it ranks behind all that have one.
struct Hit {
    double distance;
    Tid tid;
    bool null;
};

// The total order in which rows are returned: NULL last, the smaller distance first, equal ones
// by TID.
inline bool ranks_before(const Hit& a, const Hit& b) noexcept {
    if (a.null != b.null) {
        return b.null;
    }
    if (!a.null && a.distance != b.distance) {
        return a.distance < b.distance;
    }
    return a.tid < b.tid;
}

// A row on its way into the index, or not yet in a segment.
struct Row {
    Tid tid;
    bool null;          // then `vector` means nothing
    VectorView vector;  // views bytes that belong to somebody else
};

}  // namespace knowhow::search
