// Scores every document of a segment in double: what everything else must agree with, and what
// finds the rows that share no term with the query.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory_resource>

#include "engine/base/monitor.hpp"
#include "engine/search/best.hpp"
#include "engine/search/top_k.hpp"

namespace knowhow::search {

// The distance, from the inner product; to the bit what the operators compute.
inline double distance_of(Measure measure, double product, double query_squared_norm,
                          double squared_norm) noexcept {
    if (measure == Measure::kInnerProduct) {
        return 0 - product;  // not -product: nothing in common is 0 and not -0
    }
    if (query_squared_norm == 0 || squared_norm == 0) {
        return 1;
    }
    return 1 - std::clamp(product / std::sqrt(query_squared_norm * squared_norm), -1.0, 1.0);
}

// Offers every document that is not deleted.
void exact_pass(const SearchedSegment& searched, VectorView query, double query_squared_norm,
                Best& best, Monitor& monitor, std::pmr::memory_resource* memory);

// Offers, as rows without a distance, all from `first` on that are not deleted.
void offer_nulls(const SearchedSegment& searched, std::uint32_t first, Best& best,
                 Monitor& monitor);

}  // namespace knowhow::search
