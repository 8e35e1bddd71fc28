// Reading the rows of a model version while a request is served: index lookups under the active
// snapshot. The caller has checked that the user may use the model.
//
// All functions here are PostgreSQL phases: call them with no destructor pending.
#pragma once

#include "server/border/border.hpp"

namespace knowhow::server {

// Row of the item-item matrix: the items that one history item leads to.
struct ItemRow {
    std::int32_t position;             // of the history item itself
    int count;                         // of its targets
    const std::int32_t* targets;       // positions
    const float* weights;
};

// Positions, snippet ids, popularity and trend of up to kPositionsPerBlock items, ascending by id.
struct PositionBlock {
    std::int32_t first_position;
    int count;
    const std::int64_t* snippet_ids;
    const float* popularity;
    const std::int32_t* by_popularity;   // the positions that rank first_position, ... by popularity
    const float* trending;
    const std::int32_t* by_trending;     // the same by trend
};

// 24 bytes a position keep a row below the TOAST threshold.
constexpr int kPositionsPerBlock = 64;

struct ModelReader;

// Opens the rows of a model for reading. Item rows live in the current memory context; a block only
// until the next one is read or an SQL statement is run (kept_rows.hpp).
ModelReader* open_model_reader(std::int32_t model_id);
void close_model_reader(ModelReader* reader);

// The row of a snippet, or false where the model has none.
bool read_item_row(ModelReader* reader, std::int64_t snippet_id, ItemRow* row);

// Block number `block`, or false past the end.
bool read_block(ModelReader* reader, std::int32_t block, PositionBlock* found);

// The block whose range of ids holds the snippet, if it is in the model: the last one that starts
// at or below it. False where every block starts above.
bool read_block_of_snippet(ModelReader* reader, std::int64_t snippet_id, PositionBlock* found);

}  // namespace knowhow::server
