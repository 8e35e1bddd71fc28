// What the positions of a model, or terms, add up to for one person.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace knowhow {

// Positions of a model, 0 or more.
struct PositionKey {
    using Type = std::int32_t;
    static constexpr Type kNone = -1;
    static bool is_none(Type position) noexcept { return position < 0; }
    static std::size_t hash(Type position) noexcept {
        // Multiplicative hashing: these bits of the product depend on all of the key.
        return (static_cast<std::uint32_t>(position) * std::uint64_t{0x9E3779B97F4A7C15}) >> 32U;
    }
};

// Terms. Their bytes stay the caller's.
struct TermKey {
    using Type = std::string_view;
    static constexpr Type kNone = {};
    static bool is_none(Type term) noexcept { return term.data() == nullptr; }
    static std::size_t hash(Type term) noexcept { return std::hash<Type>()(term); }
};

// A sum for each key that was added to: a hash table with open addressing (linear probing), half full
// at most, since a long history reaches a hundred thousand positions and ten thousand terms. A slot
// takes 16 bytes for a position and 24 for a term; there are 1,024 at least, or what was reserved, else up
// to four for each key, and half as many again while they grow.
template <typename Key>
class SumTable {
  public:
    using KeyType = typename Key::Type;

    // Before the first add(): room for so many keys.
    void reserve(std::size_t keys) { slots_.resize(std::bit_ceil(std::max(2 * keys, kFewestSlots))); }

    void add(KeyType key, double value) {
        if (2 * (size_ + 1) > slots_.size()) {
            grow();
        }
        Slot& slot = slots_[place_of(key)];
        if (Key::is_none(slot.key)) {
            slot.key = key;
            ++size_;
        }
        slot.sum += value;
    }

    // 0 for a key that nothing was added to.
    double sum(KeyType key) const noexcept {
        if (Key::is_none(key) || size_ == 0) {
            return 0;
        }
        return slots_[place_of(key)].sum;
    }

    // Calls visit(key, sum) for each, in no particular order.
    template <typename Visit>
    void each(Visit visit) const {
        for (const Slot& slot : slots_) {
            if (!Key::is_none(slot.key)) {
                visit(slot.key, slot.sum);
            }
        }
    }

  private:
    static constexpr std::size_t kFewestSlots = 1024;

    struct Slot {
        KeyType key = Key::kNone;
        double sum = 0;
    };

    // Where it stands, or else the free slot where it would. At least half of all are free.
    std::size_t place_of(KeyType key) const noexcept {
        const std::size_t mask = slots_.size() - 1;
        std::size_t place = Key::hash(key) & mask;
        while (!Key::is_none(slots_[place].key) && slots_[place].key != key) {
            place = (place + 1) & mask;
        }
        return place;
    }

    void grow() {
        std::vector<Slot> before(slots_.empty() ? kFewestSlots : 2 * slots_.size());
        std::swap(before, slots_);
        for (const Slot& slot : before) {
            if (!Key::is_none(slot.key)) {
                slots_[place_of(slot.key)] = slot;
            }
        }
    }

    std::vector<Slot> slots_;   // none, or a power of two of them
    std::size_t size_ = 0;
};

}  // namespace knowhow
