// Several segments made one.
#pragma once

#include "server/border/postgres.hpp"

extern "C" {
#include <utils/rel.h>
}

#include "engine/base/monitor.hpp"
#include "engine/search/merge_policy.hpp"

namespace knowhow::server::index {

// An insert merges no more rows than this, and once: what is larger waits for VACUUM, what is more for
// the next insert that flushes.
inline constexpr uint64 kMostRowsAtInsert = 50'000;

// Merges what the policy chooses next, leaving out rows that VACUUM has marked; false where that is
// nothing. The caller holds Part::kSegments. For engine code.
bool merge(Relation index, const search::MergeLimits& limits, Monitor& monitor);

}  // namespace knowhow::server::index
