// Document frequencies, read from a model's rows in knowhow.model_statistics.
#pragma once

#include "server/border/postgres.hpp"

#include <cstdint>
#include <span>

#include "engine/sparse/vector.hpp"

namespace knowhow::server {

// Kinds of statistics.
inline constexpr char kTermStatistics = 't';
inline constexpr char kLabelStatistics = 'l';

// In how many documents of the model each term occurs; 0 for one that the model never saw. `terms`
// are in the order of bytes; the result is palloc'd, as long as they are. Reads by the active
// snapshot, and only the blocks in which the terms would stand: one descent of the index for each that
// the session has not kept (kept_rows.hpp).
// Checks no privilege: who has the model has asked find_recommender(). A PostgreSQL phase.
std::int64_t* term_statistics(std::int32_t model_id, char kind, std::span<const TermWeight> terms);

}  // namespace knowhow::server
