// Reading the training rows through SPI cursors, in batches handed to the engine.
//
// All functions here are PostgreSQL phases: call them with no destructor pending, between
// SPI_connect() and SPI_finish(), as the recommender's owner. They read under the active snapshot.
#pragma once

#include "server/border/border.hpp"

#include "server/catalog/recommender.hpp"
#include "server/train/trained.hpp"

namespace knowhow::server {

// Each returns the number of rows read. Rows with a NULL in a column that is needed do not count.
std::int64_t read_interactions(const Recommender& recommender, Trained* trained);
std::int64_t read_documents(const Recommender& recommender, Trained* trained);
// Labels of kind topic and tag, as "kind:value". Nothing where no labels are bound.
std::int64_t read_labels(const Recommender& recommender, Trained* trained);

}  // namespace knowhow::server
