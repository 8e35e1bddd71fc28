// Models: the rows of knowhow.model_catalog.
//
// All functions here are PostgreSQL phases: call them with no destructor pending. Results are
// allocated in the current memory context. Those that write check no right: callers do, with
// require_owner().
#pragma once

#include "server/catalog/recommender.hpp"

extern "C" {
#include <datatype/timestamp.h>
}

namespace knowhow::server {

struct Model {
    int32 id;
    int32 recommender_id;
    char* state;  // building, active, retired, failed
    char* algorithm;
    Jsonb* params;  // those that it was trained with
    int64 seed;
    char* text_version;      // by which the vectors were made; NULL while building
    TimestampTz trained_at;  // this and the counts: 0 while building
    int64 documents;
    int64 people;
    int64 interactions;
    Jsonb* sizes;    // NULL while building
    Jsonb* metrics;  // NULL where none were computed
    TimestampTz newest_interaction;  // 0 while building, and where no interaction had a time
};

// What is known once a model has been trained.
struct ModelResult {
    const char* text_version;
    int64 documents;     // snippets read
    int64 people;        // persons with interactions
    int64 interactions;  // rows read
    Jsonb* sizes;        // rows and bytes of what was written; may be NULL
    const Jsonb* metrics;  // quality figures; may be NULL
    TimestampTz newest_interaction;  // to the minute; DT_NOBEGIN where none has a time
};

// The weights of signals that training has found, as an object of parameters; NULL for none.
const Jsonb* found_weights(const Model& model);

// The active model of a recommender, or NULL.
Model* active_model(int32 recommender_id);

// The model of that identifier, or NULL.
Model* find_model(int32 model_id);

// Locks the recommender's row until the end of the transaction, so that trainings and activations
// of one recommender follow each other; others may read it. False when it has gone.
bool lock_recommender(int32 recommender_id);

// Adds a model in state building, with the recommender's algorithm and params, and keeps the
// recommender from being dropped until the end of the transaction. Returns the model's id. Error
// 42704 when the recommender has gone.
int32 create_model(const Recommender& recommender, int64 seed);

// Records what came of the training; the state stays building. trained_at becomes the start of
// the transaction.
void finish_model(int32 model_id, const ModelResult& result);

// building -> failed: it will never serve. `metrics` say why.
void refuse_model(int32 model_id, const Jsonb* metrics);

// Makes the model the active one of its recommender and retires the one that was, after
// lock_recommender(). Error 42704 when there is no such model.
void activate_model_row(int32 model_id);

// Deletes a model with all rows that belong to it; its training run stays, without a model.
void delete_model_rows(int32 model_id);

// Deletes a recommender with its models, training runs and schedule.
void delete_recommender_rows(int32 recommender_id);

// Deletes the oldest retired models of the recommender, so that at most `keep` models remain, the
// active one included, and the oldest failed ones, so that at most `keep` of these do: failures
// push no model out that can serve.
void prune_models(int32 recommender_id, int keep);

}  // namespace knowhow::server
