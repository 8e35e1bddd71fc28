// The form in which every model of this kind is stored and served.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

namespace knowhow {

// An item that a history item recommends, and how strongly. 8 bytes.
struct Target {
    std::int32_t position;
    float weight;
};

// The order of targets within a row: the strongest of either sign first, then by position.
inline bool stronger(const Target& a, const Target& b) noexcept {
    const float x = a.weight < 0 ? -a.weight : a.weight;
    const float y = b.weight < 0 ? -b.weight : b.weight;
    return x != y ? x > y : a.position < b.position;
}

// The strongest `count` of what was found, in order.
inline void keep_strongest(std::pmr::vector<Target>& found, std::size_t count) {
    if (found.size() > count) {
        std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count),
                         found.end(), stronger);
        found.resize(count);
    }
    std::sort(found.begin(), found.end(), stronger);
}

// A sparse matrix B, history items × targets: a person's score of item j is the sum of
// weight × B[i][j] over the items i of their history. Rows hold targets in the order of
// stronger(), no zeros, and no diagonal. 8 bytes a target, 32 bytes a row.
class ItemItem {
  public:
    ItemItem(std::int32_t item_count, std::pmr::memory_resource* resource)
        : rows_(static_cast<std::size_t>(item_count), resource) {}

    std::int32_t item_count() const noexcept { return static_cast<std::int32_t>(rows_.size()); }
    std::span<const Target> row(std::int32_t item) const noexcept {
        return rows_[static_cast<std::size_t>(item)];
    }
    // Different rows may be set from different threads at once.
    void set_row(std::int32_t item, std::span<const Target> targets) {
        auto& row = rows_[static_cast<std::size_t>(item)];
        if (targets.size() < row.size()) {
            row = std::pmr::vector<Target>(row.get_allocator());  // memory that is no more needed
        }
        row.assign(targets.begin(), targets.end());
    }
    // While a model is being made its rows may be in any order.
    void resize_row(std::int32_t item, std::size_t size) {
        rows_[static_cast<std::size_t>(item)].resize(size);
    }
    std::span<Target> mutable_row(std::int32_t item) noexcept {
        return rows_[static_cast<std::size_t>(item)];
    }
    std::size_t target_count() const noexcept {
        std::size_t total = 0;
        for (const auto& row : rows_) {
            total += row.size();
        }
        return total;
    }

  private:
    std::pmr::vector<std::pmr::vector<Target>> rows_;
};

}  // namespace knowhow
