// A limit on the memory of one piece of engine work.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory_resource>
#include <string_view>

namespace knowhow {

// A memory resource that counts what it hands out and throws Error(kOutOfMemory) before the limit
// is passed, so that the system's out-of-memory killer never has to choose a victim.
// Thread-safe. Give it to std::pmr containers; it must outlive them.
class MemoryBudget : public std::pmr::memory_resource {
  public:
    // `limit` in bytes.
    explicit MemoryBudget(std::size_t limit) : limit_(limit) {}

    // Throws Error(kOutOfMemory), which names `purpose` (what needs it), the estimate and the limit, unless
    // `more` bytes are left: for work that would only fail later, when much was done in vain.
    void require(std::size_t more, std::string_view purpose) const;

    std::size_t limit() const noexcept { return limit_; }
    std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
    std::size_t peak() const noexcept { return peak_.load(std::memory_order_relaxed); }

  private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override;
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override;
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }

    const std::size_t limit_;
    std::atomic<std::size_t> used_{0};
    std::atomic<std::size_t> peak_{0};
};

}  // namespace knowhow
