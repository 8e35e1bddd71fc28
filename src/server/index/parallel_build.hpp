// CREATE INDEX by several processes, each of which makes a segment of the rows that it scans.
#pragma once

#include "server/index/build_part.hpp"

namespace knowhow::server::index {

// Parts at most: an index has no room for more segments, and each costs every scan a little.
inline constexpr int kMostBuildParts = 16;

// The number of workers that PostgreSQL would give this build, by the table's size, the settings
// and maintenance_work_mem, of which each process needs 32 MB. 0 where none may or should take part.
int build_workers(Relation heap, Relation index, IndexInfo* info);

// Builds with this process and up to `workers` others. Sets `parts`, an array of kMostBuildParts,
// and returns how many there are; 0 where no worker could be had, and nothing was done.
int build_parallel(Relation heap, Relation index, IndexInfo* info, int workers, BuiltPart* parts);

}  // namespace knowhow::server::index
