// Storage parameters: CREATE INDEX … WITH (…).
#pragma once

#include "server/border/postgres.hpp"

extern "C" {
#include <utils/rel.h>
}

namespace knowhow::server::index {

// Tells PostgreSQL of them; once in each process, when the library is loaded.
void register_options();

bytea* parse_options(Datum given, bool check);

// fresh_pages: the fresh area is made a segment when it has so many pages, 2 or more. Each scan
// scores all of its rows, and each segment costs a scan a little.
uint32 fresh_pages(Relation index);

}  // namespace knowhow::server::index
