#include "engine/base/budget.hpp"

#include <string>

#include "engine/base/error.hpp"

namespace knowhow {

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

void MemoryBudget::do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) {
    std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
    used_.fetch_sub(bytes, std::memory_order_relaxed);
}

}  // namespace knowhow
