// Several segments made one.
#pragma once

#include "server/border/postgres.hpp"

extern "C" {
#include <utils/rel.h>
}

#include "engine/base/monitor.hpp"
#include "engine/search/merge_policy.hpp"

namespace knowhow::server::index {

// An insert merges no more rows than this: what is larger waits for VACUUM.
inline constexpr uint64 kMostRowsAtInsert = 50'000;

// Merges as long as the policy finds something to merge, leaving out rows that VACUUM has marked.
// The caller holds Part::kSegments. For engine code.
void merge(Relation index, const search::MergeLimits& limits, Monitor& monitor);

}  // namespace knowhow::server::index
