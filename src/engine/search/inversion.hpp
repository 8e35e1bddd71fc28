// Inverts rows in memory, as they come: from each row's terms to each term's rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>

#include "engine/search/row.hpp"

namespace knowhow::search {

class Inversion {
  public:
    // All memory that grows with the rows comes from `memory`, which must outlive the object.
    explicit Inversion(std::pmr::memory_resource* memory);
    Inversion(const Inversion&) = delete;
    Inversion& operator=(const Inversion&) = delete;
    ~Inversion();

    // Copies what it needs of the row. Rows may come in any order of TIDs, each TID once. Throws
    // Error(kLimitExceeded) past kMaxRows rows.
    void add(const Row& row);

    std::uint32_t rows() const noexcept;
    bool empty() const noexcept { return rows() == 0; }

    // Bytes taken so far, and what sorting the terms will take besides. A build writes a run when
    // this reaches maintenance_work_mem; one add() may pass it by as much as its row takes.
    std::size_t bytes() const noexcept;

    // Forgets all rows and gives the memory back.
    void clear();

    struct State;
    State& state() noexcept { return *state_; }

  private:
    std::unique_ptr<State> state_;
};

}  // namespace knowhow::search
