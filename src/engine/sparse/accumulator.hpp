// Adds up weights by term, in any order of arrival.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "engine/base/monitor.hpp"
#include "engine/sparse/vector.hpp"

namespace knowhow {

// A hash table from term to a sum in double, which owns copies of the terms. All its memory comes
// from the resource that it is given: about 40 bytes a term besides the lexeme.
class TermAccumulator {
  public:
    explicit TermAccumulator(std::pmr::memory_resource* memory);
    TermAccumulator(const TermAccumulator&) = delete;
    TermAccumulator& operator=(const TermAccumulator&) = delete;

    // Adds `weight` to the term's sum. Throws Error(kLimitExceeded) past kMaxTerms terms or
    // kMaxLexemesBytes bytes; lengths and ranges are checked when the sums are encoded.
    void add(std::string_view term, double weight);

    // Adds `factor` times each weight of `vector`.
    void add_vector(VectorView vector, double factor = 1);

    // Distinct terms so far, those whose sum is zero among them.
    std::size_t size() const noexcept { return entries_.size(); }

    // Calls visit(term, sum) for each term whose sum is not exactly zero, in the order of arrival.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (const Entry& entry : entries_) {
            if (entry.weight != 0) {
                visit(std::string_view(entry.bytes, entry.length), entry.weight);
            }
        }
    }

    // The sums in the order of bytes, those that are exactly zero left out. Views are valid while
    // the accumulator lives. `monitor` is polled while sorting.
    std::vector<TermWeight> sorted() const;
    std::vector<TermWeight> sorted(Monitor& monitor) const;

  private:
    struct Entry {
        const char* bytes;
        std::uint32_t length;
        std::uint32_t hash;
        double weight;
    };

    void grow();

    std::pmr::monotonic_buffer_resource arena_;
    std::pmr::vector<Entry> entries_;
    std::pmr::vector<std::uint32_t> slots_;  // index into entries_ plus one; 0 is free
    std::size_t lexemes_bytes_ = 0;
};

}  // namespace knowhow
