// Opening an index for somebody who wants to look into it.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <utils/rel.h>
}

namespace knowhow::server::index {

struct Inspected {
    Relation table;
    Relation index;
};

// Opens a tfidf index and its table, as SELECT would, for a caller who may read all of the table.
// Errors: 42809 for what is no tfidf index, or a partitioned one; 42501 without SELECT on the
// table, or where row security hides rows of it from the caller; 55000 for an index that is not
// valid; 0A000 for one that this session cannot read. For PostgreSQL phases.
Inspected open_for_inspection(Oid relation);

void close_inspected(const Inspected& inspected);

}  // namespace knowhow::server::index
