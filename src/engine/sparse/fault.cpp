#include "engine/sparse/fault.hpp"

#include <cmath>

namespace knowhow {

bool terms_lie_within(VectorView vector) noexcept {
    // Each begins where the one before it ends, which is known to be within.
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < vector.size(); ++i) {
        const std::size_t bytes = vector.term(i).size();
        if (bytes == 0 || bytes > vector.lexemes_bytes() - at) {
            return false;
        }
        at += bytes;
    }
    return true;
}

bool is_harmless(VectorView vector) noexcept {
    bool finite = true;
    for (std::uint32_t i = 0; i < vector.size(); ++i) {
        finite &= std::isfinite(vector.weight(i));
    }
    return finite && terms_lie_within(vector);
}

const char* fault_of(VectorView vector) noexcept {
    if (!terms_lie_within(vector)) {
        return "Its lexemes do not lie behind each other.";
    }
    for (std::uint32_t i = 0; i < vector.size(); ++i) {
        if (i > 0 && compare_terms(vector.term(i - 1), vector.term(i)) >= 0) {
            return "Its lexemes are not in order.";
        }
        if (!std::isfinite(vector.weight(i)) || vector.weight(i) == 0) {
            return "It has a weight that is zero or not finite.";
        }
    }
    return nullptr;
}

}  // namespace knowhow
