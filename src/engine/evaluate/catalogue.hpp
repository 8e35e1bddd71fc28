// What many lists together show of the catalogue, and what one list is like: beyond accuracy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/sparse/vector.hpp"

namespace knowhow {

// Counts how often each snippet is shown. A snippet is a position below `snippets`. 8 bytes each.
class Impressions {
  public:
    Impressions(std::size_t snippets, MemoryBudget& budget) : shown_(snippets, 0, &budget) {}

    // One list, cut to what is shown. Throws Error(kInvalidArgument) for a position out of range.
    void add(std::span<const std::int32_t> list);

    // Share of the snippets that were shown at least once: catalogue coverage (Ge,
    // Delgado-Battenfeld and Jannach 2010, "Beyond accuracy: evaluating recommender systems by
    // coverage and serendipity"). 0 for an empty catalogue.
    double coverage() const;

    // Share of all impressions that the most shown `share` of the snippets (rounded up) received:
    // a point of the concentration curve (Gini 1921; for recommendations Fleder and Hosanagar 2009,
    // "Blockbuster culture's next rise or fall"). 0 where nothing was shown.
    double concentration(double share) const;

    std::span<const std::int64_t> counts() const noexcept { return shown_; }

  private:
    std::pmr::vector<std::int64_t> shown_;
};

// Mean over the list of -log2((1 + people who had it) / (1 + people)), its self-information (Zhou
// et al. 2010, "Solving the apparent diversity-accuracy dilemma of recommender systems"; Vargas
// and Castells 2011, "Rank and relevance in novelty and diversity metrics"; the 1 keeps what nobody
// had finite). `had`: by position. 0 for an empty list.
double novelty(std::span<const std::int32_t> list, std::span<const std::int64_t> had,
               std::int64_t people);

// Mean of 1 - cosine over all pairs of the list (Smyth and McClave 2001, "Similarity vs.
// diversity"; the complement of Ziegler et al. 2005's intra-list similarity). An empty vector is
// unlike all others. 0 for fewer than two. Time: quadratic in the list.
double intra_list_diversity(std::span<const VectorView> contents, Monitor& monitor);

// 0 (tail), 1 or 2 (head) for each snippet: by ascending number of people, then position, cut so
// that each third holds a third of all interactions (the short head of Cremonesi, Koren and Turrin
// 2010, "Performance of recommender algorithms on top-N recommendation tasks", twice). A snippet
// belongs to the third in which the middle of its interactions falls; one that nobody had is tail.
std::pmr::vector<std::uint8_t> popularity_thirds(std::span<const std::int64_t> had,
                                                 MemoryBudget& budget);

}  // namespace knowhow
