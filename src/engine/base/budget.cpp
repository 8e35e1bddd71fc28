#include "engine/base/budget.hpp"

#include <string>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

// Rounded up: what is called enough must be enough.
std::string megabytes(std::size_t bytes) {
    constexpr std::size_t kMegabyte = std::size_t{1} << 20;
    return std::to_string(bytes / kMegabyte + (bytes % kMegabyte != 0)) + "MB";
}

}  // namespace

void* MemoryBudget::do_allocate(std::size_t bytes, std::size_t alignment) {
    std::size_t now = used_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (now > limit_ || now < bytes) {
        used_.fetch_sub(bytes, std::memory_order_relaxed);
        throw Error(ErrorCode::kOutOfMemory,
                    "memory budget of " + std::to_string(limit_ / 1024) + " kB exceeded",
                    "Raise knowhow.max_memory, or train on less data.",
                    "Failed on a request of " + std::to_string(bytes) + " bytes with " +
                        std::to_string(now - bytes) + " in use.");
    }
    std::size_t peak = peak_.load(std::memory_order_relaxed);
    while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
    }
    try {
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    } catch (...) {
        used_.fetch_sub(bytes, std::memory_order_relaxed);
        throw;
    }
}

void MemoryBudget::require(std::size_t more, std::string_view purpose) const {
    const std::size_t held = used();
    if (held <= limit_ && more <= limit_ - held) {
        return;
    }
    const std::size_t needed = held + more < held ? more : held + more;
    throw Error(ErrorCode::kOutOfMemory,
                std::string(purpose) + " needs about " + megabytes(needed) +
                    ", more than knowhow.max_memory = " + megabytes(limit_),
                "Raise knowhow.max_memory to " + megabytes(needed) + ", or train on less data.",
                "It holds " + megabytes(held) + " now and would take " + megabytes(more) +
                    " more at its peak.");
}

void MemoryBudget::do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) {
    std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
    used_.fetch_sub(bytes, std::memory_order_relaxed);
}

}  // namespace knowhow
