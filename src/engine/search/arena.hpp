// Memory that is only ever given back as a whole.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <vector>

namespace knowhow::search {

// Unlike std::pmr::monotonic_buffer_resource, it knows how much it has taken, and its blocks stop
// growing at kMostBlock, so that no more than that is ever taken in vain.
class Arena {
  public:
    explicit Arena(std::pmr::memory_resource* memory) : memory_(memory), blocks_(memory) {}
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena() { clear(); }

    void* allocate(std::size_t bytes, std::size_t alignment) {
        std::size_t at = (used_ + alignment - 1) & ~(alignment - 1);
        if (blocks_.empty() || at + bytes > blocks_.back().bytes) {
            grow(bytes);
            at = 0;
        }
        used_ = at + bytes;
        return static_cast<char*>(blocks_.back().memory) + at;
    }

    std::size_t bytes() const noexcept { return taken_; }

    void clear() noexcept {
        for (const Taken& block : blocks_) {
            memory_->deallocate(block.memory, block.bytes, kAlignment);
        }
        blocks_.clear();
        used_ = 0;
        taken_ = 0;
    }

  private:
    static constexpr std::size_t kAlignment = alignof(std::max_align_t);
    static constexpr std::size_t kLeastBlock = std::size_t{4} << 10;
    static constexpr std::size_t kMostBlock = std::size_t{256} << 10;

    struct Taken {
        void* memory;
        std::size_t bytes;
    };

    void grow(std::size_t at_least) {
        std::size_t bytes = taken_ < kLeastBlock ? kLeastBlock : taken_;
        bytes = bytes > kMostBlock ? kMostBlock : bytes;
        bytes = bytes < at_least ? at_least : bytes;
        blocks_.reserve(blocks_.size() + 1);
        blocks_.push_back({memory_->allocate(bytes, kAlignment), bytes});
        taken_ += bytes;
        used_ = 0;
    }

    std::pmr::memory_resource* memory_;
    std::pmr::vector<Taken> blocks_;
    std::size_t used_ = 0;  // of the last block
    std::size_t taken_ = 0;
};

}  // namespace knowhow::search
