// The gate: parameters that have changed since the active model was trained are tried on history
// before a model of theirs takes its place.
//
// What the gate compares is what activation would change: algorithm, neighbours and the learner's
// parameters. Those of recommend() count at once in both, as they do when people ask.
#pragma once

#include "server/catalog/recommender.hpp"
#include "server/train/trained.hpp"

namespace knowhow::server {

struct Gate;

// What came of it, in the memory context that was current at open_gate().
struct GateReport {
    const Jsonb* metrics;   // what the rows of model and run say; NULL where there is no gate
    const ErrorData* refusal;  // NULL where the model may be activated
};

// Reads what the comparison takes under a snapshot of its own, as the recommender's owner. NULL
// where the parameter gate is off. A PostgreSQL phase in a transaction, with the recommender's
// relations locked, after progress_begin(). Memory: as evaluate(), within knowhow.max_memory.
Gate* open_gate(const Recommender& recommender, int64 seed);

// Compares. Takes no transaction; call it as a PostgreSQL phase.
void judge(Gate* gate);

// The report; the gate and all its memory are gone. A PostgreSQL phase.
GateReport close_gate(Gate* gate);

}  // namespace knowhow::server
