// Questions about one relation, answered from the system caches.
//
// All functions here are PostgreSQL phases: call them with no destructor pending.
#pragma once

#include "server/border/border.hpp"

namespace knowhow::server {

bool relation_exists(Oid relation);

// Its owner; an internal error when it does not exist.
Oid relation_owner(Oid relation);

// Whether the current user may SELECT from all of it.
bool may_read(Oid relation);

// Schema and name, quoted as SQL needs it, or NULL when it does not exist.
char* qualified_name(Oid relation);

}  // namespace knowhow::server
