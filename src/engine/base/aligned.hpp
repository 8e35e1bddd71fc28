// Numbers at the beginning of a cache line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory_resource>

namespace knowhow {

// Uninitialized doubles. Vectorized sums are grouped by the address they begin at: with the same
// alignment everywhere they come out the same bit for bit.
class AlignedDoubles {
  public:
    static constexpr std::size_t kLine = 64;  // bytes

    AlignedDoubles(std::size_t count, std::pmr::memory_resource* resource)
        : resource_(resource), bytes_(std::max<std::size_t>(count, 1) * sizeof(double)) {
        data_ = static_cast<double*>(resource_->allocate(bytes_, kLine));
    }
    ~AlignedDoubles() { resource_->deallocate(data_, bytes_, kLine); }
    AlignedDoubles(const AlignedDoubles&) = delete;
    AlignedDoubles& operator=(const AlignedDoubles&) = delete;

    double* data() const noexcept { return data_; }
    // The smallest number of doubles that is no less and fills lines: a stride for aligned columns.
    static std::size_t padded(std::size_t count) noexcept { return (count + 7) / 8 * 8; }

  private:
    std::pmr::memory_resource* resource_;
    std::size_t bytes_;
    double* data_;
};

}  // namespace knowhow
