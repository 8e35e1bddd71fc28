// A recommender's rows, read once into an archive, under the caller's rights, row security and
// snapshot.
#pragma once

#include <optional>
#include <vector>

#include "engine/evaluate/archive.hpp"
#include "engine/evaluate/evaluation.hpp"
#include "engine/evaluate/replay.hpp"
#include "server/border/border.hpp"
#include "server/catalog/recommender.hpp"
#include "server/module.hpp"

namespace knowhow::server {

// Everything that one evaluation holds; owned by a memory context.
struct Evaluating {
    Evaluating()
        : budget(static_cast<std::size_t>(settings::max_memory) * 1024), archive(budget, monitor) {}
    MemoryBudget budget;
    InterruptMonitor monitor;
    Archive archive;
    ReplayOptions replay;
    EvaluationOptions options;
    std::vector<Outcome> outcomes;
    std::vector<Figure> figures;
    std::vector<Scored> list;
};

// A PostgreSQL phase: no destructor pending, SPI connected.
void load(const Recommender& recommender, Evaluating* evaluating);

// Parameters as recommend() and train() read them. A PostgreSQL phase. Error 0A000 for an algorithm
// that trains nothing.
void read_options(const Recommender& recommender, Evaluating* evaluating);

}  // namespace knowhow::server
