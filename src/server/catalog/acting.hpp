// Acting as the owner of a recommender or a table, as ANALYZE does: whoever calls, no tenant's
// function, view, trigger or policy ever runs with more rights than its own.
//
// All functions here are PostgreSQL phases: call them with no destructor pending.
#pragma once

#include "server/catalog/recommender.hpp"

namespace knowhow::server {

struct ActingAsOwner {
    Oid user;
    int context;
    int settings;
};

// Until act_as_before(): the owner's rights, in a security-restricted operation, with search_path =
// pg_catalog, pg_temp. On the way out of an error the (sub)transaction restores all of it.
ActingAsOwner act_as(Oid owner);
inline ActingAsOwner act_as_owner(const Recommender& recommender) {
    return act_as(recommender.owner);
}

void act_as_before(const ActingAsOwner& before);

}  // namespace knowhow::server
