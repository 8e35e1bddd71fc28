// The steps of a training, in the order in which train() and background runs take them.
//
// All functions here are PostgreSQL phases: call them in a transaction, with no destructor pending.
#pragma once

#include "server/catalog/recommender.hpp"
#include "server/train/trained.hpp"

namespace knowhow::server {

// The recommender as it is now, its relations locked until the end of the transaction: nobody
// drops, renames or retypes what is to be read. NULL when there is none of that id.
Recommender* recommender_to_read(int32 recommender_id);

// Everything that one training takes from the current settings and the recommender's params, in
// the current memory context.
Learning plan_learning(const Recommender& recommender, int64 seed);

// Reads all rows under one snapshot, as the recommender's owner. Returns their number.
// Errors: those of check_bound_relations(), and what reading the relations raises.
int64 read_training_rows(const Recommender& recommender, Trained* trained);

// Writes what was learned as a model and makes it the active one, with the recommender locked
// (lock_recommender()). `metrics` may be NULL. Returns its id.
int32 write_trained_model(const Recommender& recommender, int64 seed, const Jsonb* metrics,
                          Trained* trained);

// In its place where the gate refuses: a model in state failed, without rows.
int32 write_refused_model(const Recommender& recommender, int64 seed, const Jsonb* metrics);

}  // namespace knowhow::server
