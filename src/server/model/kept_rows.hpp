// Rows of models that this session has read, kept for its next requests: one request asks for
// thousands of positions and hundreds of terms, and each row costs the descent of an index.
//
// The rows of a model never change while it is there, so what was read once stays true. All is
// forgotten when a recommender is dropped, after which a restored one may bring back numbers of models,
// and whenever PostgreSQL forgets what it knows of one of the tables (it was altered, truncated,
// dropped, most often when it was vacuumed). Where there is no more room, what was kept of other
// models is.
//
// All functions here are PostgreSQL phases. A kept row is valid until the next one of any model is
// asked for or kept.
#pragma once

#include "server/border/postgres.hpp"

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace knowhow::server {

// From here on a session keeps no more: about 390,000 positions. What it holds is at most a few hundred
// kB more.
inline constexpr Size kMostKeptBytes = Size{12} * 1024 * 1024;

// A row, and two numbers by which most questions about it are answered without looking at it. Neither
// falls from one row to the next.
struct KeptRow {
    std::uint64_t first;
    std::uint64_t last;
    void* row;
};

// Of one model and table, in an order that the reader of the table chooses.
struct KeptRows {
    Oid table;
    std::int32_t model_id;
    MemoryContext memory;
    int count;
    int room;
    KeptRow* rows;
    int last_found;   // by first_kept()
};

// What is kept of a model; none at first.
KeptRows& kept_rows(Oid table, std::int32_t model_id);

// Memory for a row of `size` bytes, or NULL where there is no room; it is no row before add_kept().
void* allocate_kept(KeptRows& kept, Size size);

// Makes it the row number `place`, ahead of those that stood there and behind.
void add_kept(KeptRows& kept, int place, KeptRow row);

// The number of the first row of which `before` does not hold; it holds of those ahead of it. Looks first
// where the last one was found: what is asked for in ascending order stands a few steps further on.
template <typename Before>
int first_kept(KeptRows& kept, Before before) {
    int from = kept.last_found;
    if (from > 0 && !before(kept.rows[from - 1])) {
        from = 0;
    }
    int step = 1;
    while (from + step <= kept.count && before(kept.rows[from + step - 1])) {
        from += step;
        step *= 2;
    }
    kept.last_found = static_cast<int>(
        std::partition_point(kept.rows + from, kept.rows + std::min(from + step, kept.count), before) -
        kept.rows);
    return kept.last_found;
}

template <typename Row>
Row& kept_row(const KeptRow& kept) {
    static_assert(std::is_trivially_destructible_v<Row>);
    return *static_cast<Row*>(kept.row);
}

}  // namespace knowhow::server
