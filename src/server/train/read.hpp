// Reading the training rows through SPI cursors, in batches handed to the engine.
//
// All functions here are PostgreSQL phases: call them with no destructor pending, between
// SPI_connect() and SPI_finish(), as the recommender's owner. They read under the active snapshot.
#pragma once

#include "server/border/border.hpp"

#include "engine/learn/interactions.hpp"
#include "engine/learn/term_statistics.hpp"
#include "server/catalog/recommender.hpp"

namespace knowhow::server {

// Each returns the number of rows read. Rows with a NULL in a column that is needed do not count.
std::int64_t read_interactions(const Recommender& recommender, InteractionsBuilder* interactions);
std::int64_t read_documents(const Recommender& recommender, TermStatistics* terms);
// Labels of kind topic and tag, as "kind:value". Nothing where no labels are bound.
std::int64_t read_labels(const Recommender& recommender, TermStatistics* labels);

}  // namespace knowhow::server
