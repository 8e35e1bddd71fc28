// Diversity: a ranking whose entries differ from each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/sparse/vector.hpp"

namespace knowhow {

// Maximal marginal relevance (Carbonell and Goldstein 1998, "The use of MMR, diversity-based
// reranking for reordering documents and producing summaries"). Takes one candidate after the
// other, each time the one with the largest
//
//   lambda · relevance(c) - (1 - lambda) · max over those taken before of cosine(c, d)
//
// where relevance is the score moved and scaled to [0, 1] over the candidates (all 1 if the scores
// are equal), because scores may be logarithms, and the cosine is that of the documents' vectors
// (0 with an empty one). lambda = 1 keeps the order of scores, 0 looks at nothing but difference.
//
// `scores` and `documents` have one element for each candidate; equal values go to the earlier
// candidate, so pass candidates in rank order. Returns the indexes of the first `count`, in order.
// Throws Error(kInvalidArgument) if lambda is not within [0, 1], a score is not finite or the
// lengths differ. Time: count × candidates inner products, polled between them; 24 bytes a
// candidate.
std::pmr::vector<std::size_t> maximal_marginal_relevance(std::span<const double> scores,
                                                         std::span<const VectorView> documents,
                                                         std::size_t count, double lambda,
                                                         Monitor& monitor, MemoryBudget& budget);

}  // namespace knowhow
