// A vector made ready to be multiplied with many others: a query against a table.
//
// A merge of q query and d document terms takes q + d steps; here each of the d terms asks a hash
// table, keyed by a term's first eight bytes, whether the query knows it: d probes, nearly all of
// which end at an empty slot. Where the document is much the longer side, the query's terms are
// searched for in it instead.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/sparse/vector.hpp"

namespace knowhow {

class PreparedVector {
  public:
    // The empty vector: its product with any other is 0.
    PreparedVector() = default;

    // `sorted`: ascending by bytes, each term once. The bytes of the terms must outlive the object.
    explicit PreparedVector(std::span<const TermWeight> sorted);
    explicit PreparedVector(VectorView vector);

    // Inner product, summed in double over the common terms in the order of bytes: to the bit what
    // dot(VectorView, VectorView) gives for the same weights.
    double dot(VectorView v) const noexcept;

  private:
    struct Slot {
        std::uint64_t prefix;
        std::uint32_t index;   // in terms_, plus one; 0: empty
    };

    void build();
    std::uint64_t slot_of(std::uint64_t prefix) const noexcept {
        return (prefix * 0x9E3779B97F4A7C15U) >> shift_;   // Fibonacci hashing
    }

    std::vector<TermWeight> terms_;
    std::vector<Slot> slots_;   // a power of two, at least four times as many as terms
    unsigned shift_ = 63;
};

}  // namespace knowhow
