// Everything that one training holds in memory: rows on their way in, and what was learned.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/evaluate/archive.hpp"
#include "engine/evaluate/replay.hpp"
#include "engine/evaluate/weights.hpp"
#include "engine/learn/interactions.hpp"
#include "engine/learn/item_item.hpp"
#include "engine/learn/term_statistics.hpp"
#include "server/border/border.hpp"
#include "server/progress/monitor.hpp"

namespace knowhow::server {

// What came of the search for weights (engine/evaluate/weights.hpp).
struct Weighing {
    const char* outcome = "off";
    FoundWeights found;
};

struct Learning {
    const char* algorithm;
    // Values of the learner's own parameters, in the order that it declares them.
    const double* parameters;
    std::int32_t targets;
    int threads;
    std::uint64_t seed;
    Fading fading;
    std::int64_t now;  // microseconds
};

// Owned by a memory context (adopt()), so that an error anywhere frees it.
class Trained {
  public:
    // After progress_begin(). `memory`: the budget in bytes.
    explicit Trained(std::size_t memory);

    // Rows on their way in.
    InteractionsBuilder* interactions_builder() { return &*builder_; }
    TermStatistics* terms() { return &terms_; }
    TermStatistics* labels() { return &labels_; }
    TrainingMonitor* monitor() { return &monitor_; }

    // Weights are sought where the history is kept. Why it is not, is said in the outcome.
    Archive* keep_history();
    ReplayOptions* replay() { return &replay_; }
    void leave_weights(const char* outcome) { weighing_.outcome = outcome; }
    void count_content(std::size_t bytes) { content_bytes_ += bytes; }
    // Whether there is room for a history of what was read, and for a second model beside it.
    bool history_fits() const;

    // Learns from what was read.
    void learn(const Learning& learning);

    // What was learned. item_item() is null for algorithms that keep no matrix.
    const Interactions& interactions() const { return *interactions_; }
    const ItemItem* item_item() const { return item_item_ ? &*item_item_ : nullptr; }
    std::int64_t documents() const { return terms_.documents(); }
    // By bytes.
    std::span<const TermCount> term_counts() const { return *term_counts_; }
    std::span<const TermCount> label_counts() const { return *label_counts_; }
    const std::vector<float>& popularity() const { return popularity_; }
    // Positions by descending popularity, then position.
    const std::vector<std::int32_t>& by_popularity() const { return by_popularity_; }
    // Likewise by trend.
    const std::vector<std::int32_t>& by_trending() const { return by_trending_; }
    const Weighing& weighing() const { return weighing_; }
    std::size_t peak_memory() const { return budget_.peak(); }

  private:
    std::vector<std::int32_t> ranked(std::span<const float> values);
    void find_weights(const Learning& learning);

    MemoryBudget budget_;
    TrainingMonitor monitor_;
    std::optional<InteractionsBuilder> builder_;
    TermStatistics terms_;
    TermStatistics labels_;
    std::optional<std::pmr::vector<TermCount>> term_counts_;
    std::optional<std::pmr::vector<TermCount>> label_counts_;
    std::optional<Interactions> interactions_;
    std::optional<ItemItem> item_item_;
    std::vector<float> popularity_;
    std::vector<std::int32_t> by_popularity_;
    std::vector<std::int32_t> by_trending_;
    InterruptMonitor reading_;  // of the history: reading never rests
    std::optional<Archive> history_;
    ReplayOptions replay_;
    Weighing weighing_;
    std::size_t content_bytes_ = 0;
};

// An empty one with the budget knowhow.max_memory, owned by the context. After progress_begin(). Call it in engine code.
Trained* new_trained(MemoryContext context);

}  // namespace knowhow::server
