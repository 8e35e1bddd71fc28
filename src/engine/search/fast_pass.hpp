// Finds the documents that score highest without scoring all: windowed block-max MaxScore.
//
// Documents are taken in windows. In each, a term can add no more than the bound of its blocks
// there. Terms are put in the order of these bounds; those at the lower end that together cannot
// lift a document over the threshold (of the k-th best so far) are not essential: only documents
// that the others contain are looked at, and each of them only as long as it can still get there.
// Cf. Ding and Suel, "Faster top-k document retrieval using block-max indexes" (2011); Mallia,
// Porciani et al. on windows.
//
// Sums are made in float32, with a margin for its rounding; what may belong to the best is scored
// again in double, as the exact pass does.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>

#include "engine/base/monitor.hpp"
#include "engine/search/best.hpp"
#include "engine/search/top_k.hpp"

namespace knowhow::search {

// Offers every document that ranks among the `k` best behind the `returned` rows before, provided
// that its distance is less than the one returned: all of the best are offered if, afterwards,
// `best` is full and its limit() is less. None where float32 is not enough for these weights, or
// the query is too long; then nothing was offered.
std::optional<double> fast_pass(std::span<const SearchedSegment> segments, VectorView query,
                                double query_squared_norm, std::uint64_t rank, bool primed,
                                Best& best, Monitor& monitor, std::pmr::memory_resource* memory);

}  // namespace knowhow::search
