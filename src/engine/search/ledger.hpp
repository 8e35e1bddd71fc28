// The rows that an index holds, to be compared with those of its table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "engine/base/monitor.hpp"
#include "engine/search/row.hpp"

namespace knowhow::search {

class Ledger {
  public:
    // Takes 16 bytes a row from `memory`, twice that while it grows.
    explicit Ledger(std::pmr::memory_resource* memory) : entries_(memory) {}

    // Makes room for so many more rows.
    void expect(std::size_t rows) { entries_.reserve(entries_.size() + rows); }

    // A row, in any order. `fingerprint` of its vector (verify.hpp); NULL has none.
    void add(Tid tid, bool null, std::uint64_t fingerprint);

    // After the last row.
    void sort(Monitor& monitor);

    enum class Found { kNot, kSame, kOther };

    // Whether the index has this row of the table, with this vector. Of a TID that is there
    // several times, one with the same vector suffices.
    Found find(Tid tid, bool null, std::uint64_t fingerprint) const noexcept;

    // TIDs that several rows have, ascending, each once, `most` at most.
    std::vector<Tid> repeated(std::size_t most) const;
    bool is_repeated(Tid tid) const noexcept;

    // TIDs in blocks from `block` on, the last first, `most` at most.
    std::vector<Tid> beyond(std::uint32_t block, std::size_t most) const;

    std::size_t rows() const noexcept { return entries_.size(); }

  private:
    // The TID, and whether the vector is NULL in the bit above it.
    struct Entry {
        std::uint64_t key;
        std::uint64_t fingerprint;
    };
    static constexpr std::uint64_t kNull = kMostTid + 1;
    static Tid tid(const Entry& entry) noexcept { return entry.key & kMostTid; }

    std::size_t first(Tid tid) const noexcept;

    std::pmr::vector<Entry> entries_;
};

}  // namespace knowhow::search
