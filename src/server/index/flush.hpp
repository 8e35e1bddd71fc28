// From the fresh area to a segment.
#pragma once

#include "server/border/postgres.hpp"

extern "C" {
#include <utils/rel.h>
}

#include "engine/base/monitor.hpp"

namespace knowhow::server::index {

// Makes the rows of the fresh area a segment, but those of its last page, where rows are being added
// meanwhile. Does nothing where there is no other page, or no room for another segment. The caller
// holds Part::kFresh. `kilobytes`: memory for the rows. For engine code.
void flush(Relation index, int kilobytes, Monitor& monitor);

}  // namespace knowhow::server::index
