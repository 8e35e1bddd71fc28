// How a row waits in the fresh area: the bytes of one row, to be cut into pages as they come.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/search/row.hpp"

namespace knowhow::search {

// In front of each row:
//     uint32   bytes of the vector's payload behind the head; 0xFFFFFFFF: the vector is NULL
//     uint16   line pointer of the TID
//     uint32   block of the TID
inline constexpr std::size_t kFreshHeadBytes = 10;

// Bytes of the payload at most, far above what a vector can take.
inline constexpr std::uint32_t kMaxFreshPayload = 512U << 20;

// Writes the head of a row; `payload_bytes` is that of the encoded vector, 0 where it is NULL.
void write_fresh_head(Tid tid, bool null, std::uint32_t payload_bytes, void* to) noexcept;

struct FreshHead {
    Tid tid;
    bool null;
    std::uint32_t payload_bytes;  // that follow the head
};

// Reads a head. Throws Error(kDataCorrupted) for a size or a TID that no writer produces.
FreshHead read_fresh_head(const void* from);

}  // namespace knowhow::search
