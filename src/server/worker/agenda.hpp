// The launcher's agenda: the databases of the cluster, and when to look into each of them next.
//
// All functions here are PostgreSQL phases.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <utils/timestamp.h>
}

namespace knowhow::server {

struct AgendaEntry {
    Oid database;
    char name[NAMEDATALEN];
    TimestampTz due;      // when its first recommender is due, as far as known; DT_NOEND: unknown
    TimestampTz woken;    // when a session said that a schedule has changed; DT_NOEND: none has
    TimestampTz regular;  // when it is visited even so
    TimestampTz pause;    // not before this time, whatever is due
    uint64 report;        // number of the report that `due` is from
    bool busy;            // a visit is under way that has not yet looked
    int failures;         // visits that failed, one after the other
    bool listed;          // scratch of refresh_agenda()
};

struct Agenda {
    MemoryContext memory;
    AgendaEntry* entries;  // in the order of pg_database
    int count;
    int room;
};

Agenda* new_agenda();

// Reads pg_database, in a transaction of its own: databases that came are entered and due to be
// visited, one shortly after the other; those that are gone, templates, and those that allow no
// connections are left out.
void refresh_agenda(Agenda* agenda, TimestampTz now);

// NULL: not on the agenda.
AgendaEntry* find_entry(Agenda* agenda, Oid database);

// When it should be visited: `due`, `woken` or `regular`, whichever comes first. The database that
// has waited longest is visited first.
TimestampTz wanted_at(const AgendaEntry& entry);
// The same, and not before its pause is over. DT_NOEND while it is busy.
TimestampTz possible_at(const AgendaEntry& entry);

// Sets the next regular visit, after `now`: each database has its own moment in the naptime, so
// that they are spread over it.
void plan_regular_visit(const Agenda& agenda, AgendaEntry* entry, TimestampTz now);

}  // namespace knowhow::server
