// What terms add up to for one person.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace knowhow {

// A sum for each term that was added to: a hash table with open addressing (linear probing), half full
// at most, since a long history holds ten thousand terms. A slot takes 24 bytes; there are 1,024 at least,
// or what was reserved, else up to four for each term, and half as many again while they grow. The bytes
// of terms stay the caller's.
class TermSums {
  public:
    // Before the first add(): room for so many terms.
    void reserve(std::size_t terms) { slots_.resize(std::bit_ceil(std::max(2 * terms, kFewestSlots))); }

    void add(std::string_view term, double value) {
        if (2 * (size_ + 1) > slots_.size()) {
            grow();
        }
        Slot& slot = slots_[place_of(term)];
        if (slot.term.data() == nullptr) {
            slot.term = term;
            ++size_;
        }
        slot.sum += value;
    }

    // Calls visit(term, sum) for each, in no particular order.
    template <typename Visit>
    void each(Visit visit) const {
        for (const Slot& slot : slots_) {
            if (slot.term.data() != nullptr) {
                visit(slot.term, slot.sum);
            }
        }
    }

  private:
    static constexpr std::size_t kFewestSlots = 1024;

    struct Slot {
        std::string_view term;   // without bytes: free
        double sum = 0;
    };

    // Where it stands, or else the free slot where it would. At least half of all are free.
    std::size_t place_of(std::string_view term) const noexcept {
        const std::size_t mask = slots_.size() - 1;
        std::size_t place = std::hash<std::string_view>()(term) & mask;
        while (slots_[place].term.data() != nullptr && slots_[place].term != term) {
            place = (place + 1) & mask;
        }
        return place;
    }

    void grow() {
        std::vector<Slot> before(slots_.empty() ? kFewestSlots : 2 * slots_.size());
        std::swap(before, slots_);
        for (const Slot& slot : before) {
            if (slot.term.data() != nullptr) {
                slots_[place_of(slot.term)] = slot;
            }
        }
    }

    std::vector<Slot> slots_;   // none, or a power of two of them
    std::size_t size_ = 0;
};

}  // namespace knowhow
