// A recommender's rows, read once into an archive, under the caller's rights, row security and
// snapshot.
#pragma once

#include <memory>
#include <vector>

#include "engine/evaluate/archive.hpp"
#include "engine/evaluate/evaluation.hpp"
#include "engine/evaluate/replay.hpp"
#include "server/border/border.hpp"
#include "server/catalog/recommender.hpp"
#include "server/module.hpp"
#include "server/progress/monitor.hpp"

namespace knowhow::server {

// Everything that one evaluation holds; owned by a memory context.
struct Evaluating {
    // Part of what training_progress shows, at its pace, or a statement like others.
    enum class Of { kStatement, kTraining };

    explicit Evaluating(Of of = Of::kStatement)
        : budget(static_cast<std::size_t>(settings::max_memory) * 1024),
          monitor_owner(of == Of::kTraining ? std::make_unique<TrainingMonitor>(budget)
                                            : std::make_unique<InterruptMonitor>()),
          monitor(*monitor_owner),
          archive(budget, monitor) {}
    MemoryBudget budget;
    std::unique_ptr<Monitor> monitor_owner;
    Monitor& monitor;
    Archive archive;
    ReplayOptions replay;
    EvaluationOptions options;
    std::vector<Outcome> outcomes;
    std::vector<Figure> figures;
    std::vector<Scored> list;
};

// The next are PostgreSQL phases: no destructor pending, SPI connected.

// All rows, up to Archive::finish().
void load_history(const Recommender& recommender, Archive* archive);

// What people had asked for when they met a snippet. After load_history().
void load_queries(const Recommender& recommender, Archive* archive);

// Both.
void load(const Recommender& recommender, Evaluating* evaluating);

// The recommender's ranking over a model of that algorithm, learned by those params.
void read_replay(const Recommender& recommender, const char* algorithm, const Jsonb* params,
                 ReplayOptions* replay);

// Error 0A000 for an algorithm that trains no model.
void require_trained(const Recommender& recommender, const char* algorithm);

// Parameters as recommend() and train() read them. A PostgreSQL phase. Error 0A000 for an algorithm
// that trains nothing.
void read_options(const Recommender& recommender, Evaluating* evaluating);

}  // namespace knowhow::server
