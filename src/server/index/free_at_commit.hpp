// Pages that this transaction has freed, until the free space map is told of them.
//
// While it goes on no page that it freed may be used again, by nobody: its own snapshot may lead
// there. In the map, which knows no order of time, they would hide those that may.
#pragma once

#include "server/index/page.hpp"

namespace knowhow::server::index {

// Tells the map before the transaction commits. Of one that is aborted VACUUM finds the pages. For
// PostgreSQL phases.
void tell_at_commit(Relation index, const BlockNumber* blocks, Size count);

// The map knows of all free pages of the index by now.
void told_already(Relation index);

}  // namespace knowhow::server::index
