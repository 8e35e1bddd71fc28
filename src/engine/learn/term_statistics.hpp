// In how many documents each term stands.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/sparse/vector.hpp"

namespace knowhow {

struct TermCount {
    std::string_view term;
    std::int64_t documents;
};

// Counts documents by term: the statistic under every inverse document frequency (Spärck Jones
// 1972, "A statistical interpretation of term specificity and its application in retrieval").
// It serves labels as well, whose "document" is the set of a snippet's labels.
//
// Memory: 32 to 64 bytes and the bytes of the term itself for each distinct term, whatever the
// number of documents. Time: linear in terms added, n log n in distinct ones. 2 million terms of
// 20,000 documents, half a million distinct, take 0.3 s and 36 MB, sorted() included.
class TermStatistics {
  public:
    // Both must outlive this object.
    TermStatistics(MemoryBudget& budget, Monitor& monitor);

    // Counts one document, and each of its terms once, whatever their weights. The vector's bytes
    // are copied where needed. Throws Error(kOutOfMemory); Error(kLimitExceeded) at 2^32 - 1
    // distinct terms. After a throw the counts are of no use.
    void add(const VectorView& document);
    // Counts one document with these terms, distinct among themselves.
    void add(std::span<const std::string_view> terms);

    std::int64_t documents() const noexcept { return documents_; }
    std::size_t distinct_terms() const noexcept { return entries_.size(); }

    // All terms in the order of their bytes. The terms live as long as this object.
    // 24 bytes a term more.
    std::pmr::vector<TermCount> sorted() const;

  private:
    struct Entry {
        const char* bytes;
        std::uint32_t length;
        std::uint32_t hash;
        std::int64_t documents;
    };

    void count(std::string_view term);
    void grow();

    MemoryBudget& budget_;
    Monitor& monitor_;
    PollEvery poll_;
    std::int64_t documents_ = 0;
    std::pmr::monotonic_buffer_resource arena_;  // the terms' bytes
    std::pmr::vector<Entry> entries_;            // in order of first appearance
    // Open addressing with linear probing: an index into entries_ plus one, 0 where free. The
    // size is a power of two and at most half is taken.
    std::pmr::vector<std::uint32_t> slots_;
};

}  // namespace knowhow
