#include "engine/sparse/prepared.hpp"

#include <bit>

namespace knowhow {
namespace {

// From this ratio of lengths on, searching for each term of the query beats looking at each of the
// document.
constexpr std::size_t kSearchRatio = 8;

}  // namespace

PreparedVector::PreparedVector(std::span<const TermWeight> sorted)
    : terms_(sorted.begin(), sorted.end()) {
    build();
}

PreparedVector::PreparedVector(VectorView vector) {
    terms_.reserve(vector.size());
    for (std::uint32_t i = 0; i < vector.size(); ++i) {
        terms_.push_back({vector.term(i), vector.weight(i)});
    }
    build();
}

void PreparedVector::build() {
    const std::size_t size = std::bit_ceil(4 * terms_.size() + 2);
    slots_.assign(size, Slot{});
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(size));
    for (std::size_t i = 0; i < terms_.size(); ++i) {
        const std::uint64_t prefix = VectorView::prefix_of(terms_[i].term);
        std::uint64_t at = slot_of(prefix);
        while (slots_[at].index != 0) {
            at = (at + 1) & (size - 1);
        }
        slots_[at] = {prefix, static_cast<std::uint32_t>(i + 1)};
    }
}

double PreparedVector::dot(VectorView v) const noexcept {
    double sum = 0;
    if (v.size() / kSearchRatio >= terms_.size()) {
        std::uint32_t at = 0;
        for (const TermWeight& entry : terms_) {
            at = v.lower_bound(entry.term, at);
            if (at == v.size()) {
                break;
            }
            if (v.term(at) == entry.term) {
                sum += entry.weight * v.weight(at);
                ++at;
            }
        }
        return sum;
    }
    const Slot* const slots = slots_.data();
    const std::uint64_t mask = slots_.size() - 1;
    v.for_each_prefix([&, this](std::uint32_t i, std::uint64_t prefix) {
        for (std::uint64_t at = slot_of(prefix); slots[at].index != 0; at = (at + 1) & mask) {
            if (slots[at].prefix == prefix) {
                const TermWeight& entry = terms_[slots[at].index - 1];
                if (entry.term == v.term(i)) {
                    sum += entry.weight * v.weight(i);
                    break;
                }
            }
        }
    });
    return sum;
}

}  // namespace knowhow
