// A recommender: the relations that the catalogue binds together under one name.
//
// All functions here are PostgreSQL phases: call them with no destructor pending. Results are
// allocated in the current memory context.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <utils/jsonb.h>
}

namespace knowhow::server {

// The relations of a recommender, in the order of the catalogue's columns.
enum Role { kSnippets, kInteractions, kLabels, kRatings, kEvents, kUsers, kLinks, kRoles };

// "snippets", "interactions", ...
const char* role_name(int role);

struct Recommender {
    int32 id;
    char* name;
    Oid snippets;
    Oid interactions;
    Oid labels;  // this and the next four: InvalidOid where none is bound
    Oid ratings;
    Oid events;
    Oid users;
    Oid links;
    char* algorithm;
    Jsonb* params;  // as stored; read it with param_number() of params.hpp
    Oid owner;      // of the snippets relation, now
    char* text_version;  // by which its vectors were made, as far as is known; NULL where it is not

    Oid relation(int role) const {
        const Oid relations[kRoles] = {snippets, interactions, labels, ratings,
                                      events,   users,        links};
        return relations[role];
    }
};

// The recommender of that name, or, with NULL, the one named by the setting knowhow.recommender,
// or else the only one whose snippets the caller may read. It is live: each of its relations
// exists and bears the name that it had when it was bound.
// Errors: 42704 no such recommender, or none at all; 42501 the caller may not read its snippets;
// 42P01 a relation is gone; 42P08 there are several, and none is named; 55000 a relation has been
// renamed.
// With none_is_null, NULL takes the place of the error where none is named and there is none at
// all.
Recommender* find_recommender(const char* name, bool none_is_null = false);

// As find_recommender(id's name), for code that already holds the identifier: a worker, a model's
// row. NULL when there is no such row.
Recommender* recommender_by_id(int32 id);

// Whether there is such a recommender, and the caller may read its snippets. Raises no error.
bool may_see_recommender(int32 id);

// Whether the caller may change the recommender: owns its snippets relation (or is a member of
// the role that does, or a superuser).
bool caller_owns(const Recommender& recommender);

// Error 42501 unless caller_owns(); `action` completes "must be owner ... to": "train it".
void require_owner(const Recommender& recommender, const char* action);

// The row as it is stored, for functions that repair or drop it: nothing is checked, relations may
// be gone, and owner is InvalidOid where the snippets relation is. *bound_names is set to the
// names at binding. Error 42704: there is none.
Recommender* stored_recommender(const char* name, Datum* bound_names);

// What must hold before code runs as the recommender's owner: every relation has the columns of
// the contract (42703, 42804: all faults at once) and belongs to the owner of snippets or to a
// superuser (42501), because to read a view is to run its author's functions.
void check_bound_relations(const Recommender& recommender);

}  // namespace knowhow::server
