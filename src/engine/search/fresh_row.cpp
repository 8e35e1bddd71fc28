#include "engine/search/fresh_row.hpp"

#include <cstring>
#include <string>

#include "engine/base/error.hpp"

namespace knowhow::search {
namespace {

constexpr std::uint32_t kNull = 0xFFFFFFFF;

}  // namespace

void write_fresh_head(Tid tid, bool null, std::uint32_t payload_bytes, void* to) noexcept {
    char* at = static_cast<char*>(to);
    const std::uint32_t size = null ? kNull : payload_bytes;
    const std::uint16_t line = tid_line(tid);
    const std::uint32_t block = tid_block(tid);
    std::memcpy(at, &size, sizeof size);
    std::memcpy(at + 4, &line, sizeof line);
    std::memcpy(at + 6, &block, sizeof block);
}

FreshHead read_fresh_head(const void* from) {
    const char* at = static_cast<const char*>(from);
    std::uint32_t size;
    std::uint16_t line;
    std::uint32_t block;
    std::memcpy(&size, at, sizeof size);
    std::memcpy(&line, at + 4, sizeof line);
    std::memcpy(&block, at + 6, sizeof block);
    const bool null = size == kNull;
    if (line == 0 || (!null && (size > kMaxFreshPayload || size < sizeof(std::uint32_t)))) {
        throw Error(ErrorCode::kDataCorrupted, "a fresh row of a tfidf index is damaged", {},
                    "Its head names " + std::to_string(size) + " bytes, block " +
                        std::to_string(block) + ", line pointer " + std::to_string(line) + ".");
    }
    return {make_tid(block, line), null, null ? 0 : size};
}

}  // namespace knowhow::search
