// What ties a recommender to its relations: their names, columns and owners.
//
// All functions here are PostgreSQL phases: call them with no destructor pending.
#pragma once

#include "server/catalog/recommender.hpp"

namespace knowhow::server {

// The present names of the relations, as text[kRoles] with NULL where none is bound: what the
// catalogue stores as bound_names.
Datum names_to_bind(const Recommender& recommender);

// Every bound relation exists (42P01) and still has its name of bound_names (55000). Roles whose
// bit is set in `skip` are not looked at.
void require_bound(const Recommender& recommender, Datum bound_names, unsigned skip);

// check_bound_relations() of recommender.hpp is defined here as well.

}  // namespace knowhow::server
