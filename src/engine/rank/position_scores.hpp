// What positions of a model add up to, for one person.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace knowhow {

// A sum for each position that was added to: a hash table with open addressing (linear probing), half
// full at most, since a long history reaches a hundred thousand positions. 16 bytes a slot, 1,024 of
// them at least; up to 64 bytes for each position, and half as much again while it grows.
class PositionScores {
  public:
    // `position` is 0 or more.
    void add(std::int32_t position, double value) {
        if (2 * (size_ + 1) > slots_.size()) {
            grow();
        }
        Slot& slot = slots_[place_of(position)];
        if (slot.position != position) {
            slot.position = position;
            ++size_;
        }
        slot.sum += value;
    }

    // 0 for a position that nothing was added to.
    double sum(std::int32_t position) const noexcept {
        if (position < 0 || size_ == 0) {
            return 0;
        }
        const Slot& slot = slots_[place_of(position)];
        return slot.position == position ? slot.sum : 0;
    }

    // Calls visit(position, sum) for each, in no particular order.
    template <typename Visit>
    void each(Visit visit) const {
        for (const Slot& slot : slots_) {
            if (slot.position >= 0) {
                visit(slot.position, slot.sum);
            }
        }
    }

  private:
    struct Slot {
        std::int32_t position = -1;
        double sum = 0;
    };

    // Where it stands, or else the free slot where it would. At least half of all are free.
    std::size_t place_of(std::int32_t position) const noexcept {
        // Multiplicative hashing: these bits of the product depend on all of the key.
        const std::uint64_t product =
            static_cast<std::uint32_t>(position) * std::uint64_t{0x9E3779B97F4A7C15};
        const std::size_t mask = slots_.size() - 1;
        std::size_t place = static_cast<std::size_t>(product >> 32U) & mask;
        while (slots_[place].position >= 0 && slots_[place].position != position) {
            place = (place + 1) & mask;
        }
        return place;
    }

    void grow() {
        std::vector<Slot> before(slots_.empty() ? 1024 : 2 * slots_.size());
        std::swap(before, slots_);
        for (const Slot& slot : before) {
            if (slot.position >= 0) {
                slots_[place_of(slot.position)] = slot;
            }
        }
    }

    std::vector<Slot> slots_;   // none, or a power of two of them
    std::size_t size_ = 0;
};

}  // namespace knowhow
