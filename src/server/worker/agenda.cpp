#include "server/worker/agenda.hpp"

extern "C" {
#include <access/heapam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/pg_database.h>
#include <utils/snapmgr.h>
}

#include <algorithm>

#include "server/module.hpp"

namespace knowhow::server {
namespace {

// The first visits follow each other quickly, but not all at once.
constexpr int64 kBetweenFirstVisits = INT64CONST(100000);  // microseconds

int64 naptime() {
    return static_cast<int64>(settings::launcher_naptime) * USECS_PER_SEC;
}

bool can_be_visited(const FormData_pg_database& database) {
    // -2 marks a database whose DROP was interrupted.
    return database.datallowconn && !database.datistemplate && database.datconnlimit != -2;
}

AgendaEntry* add_entry(Agenda* agenda) {
    if (agenda->count == agenda->room) {
        agenda->room *= 2;
        agenda->entries = static_cast<AgendaEntry*>(
            repalloc(agenda->entries, sizeof(AgendaEntry) * static_cast<Size>(agenda->room)));
    }
    AgendaEntry* const entry = &agenda->entries[agenda->count++];
    *entry = {};
    return entry;
}

void drop_unlisted(Agenda* agenda) {
    AgendaEntry* const end = std::remove_if(agenda->entries, agenda->entries + agenda->count,
                                            [](const AgendaEntry& entry) { return !entry.listed; });
    agenda->count = static_cast<int>(end - agenda->entries);
}

}  // namespace

Agenda* new_agenda() {
    MemoryContext const memory =
        AllocSetContextCreate(TopMemoryContext, "knowhow agenda", ALLOCSET_DEFAULT_SIZES);
    Agenda* const agenda = static_cast<Agenda*>(MemoryContextAllocZero(memory, sizeof(Agenda)));
    agenda->memory = memory;
    agenda->room = 16;
    agenda->entries = static_cast<AgendaEntry*>(
        MemoryContextAlloc(memory, sizeof(AgendaEntry) * static_cast<Size>(agenda->room)));
    return agenda;
}

void refresh_agenda(Agenda* agenda, TimestampTz now) {
    for (int i = 0; i < agenda->count; ++i) {
        agenda->entries[i].listed = false;
    }
    int added = 0;
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    (void)GetTransactionSnapshot();
    Relation const databases = table_open(DatabaseRelationId, AccessShareLock);
    TableScanDesc const scan = table_beginscan_catalog(databases, 0, nullptr);
    for (HeapTuple tuple = heap_getnext(scan, ForwardScanDirection); HeapTupleIsValid(tuple);
         tuple = heap_getnext(scan, ForwardScanDirection)) {
        const FormData_pg_database* const database =
            reinterpret_cast<const FormData_pg_database*>(GETSTRUCT(tuple));
        if (!can_be_visited(*database)) {
            continue;
        }
        AgendaEntry* entry = find_entry(agenda, database->oid);
        if (entry == nullptr) {
            entry = add_entry(agenda);
            entry->database = database->oid;
            entry->due = DT_NOEND;
            entry->woken = DT_NOEND;
            entry->regular = now + kBetweenFirstVisits * added++;
        }
        entry->listed = true;
        strlcpy(entry->name, NameStr(database->datname), sizeof entry->name);
    }
    table_endscan(scan);
    table_close(databases, AccessShareLock);
    CommitTransactionCommand();
    drop_unlisted(agenda);
}

AgendaEntry* find_entry(Agenda* agenda, Oid database) {
    for (int i = 0; i < agenda->count; ++i) {
        if (agenda->entries[i].database == database) {
            return &agenda->entries[i];
        }
    }
    return nullptr;
}

TimestampTz wanted_at(const AgendaEntry& entry) {
    return std::min({entry.due, entry.woken, entry.regular});
}

TimestampTz possible_at(const AgendaEntry& entry) {
    return entry.busy ? DT_NOEND : std::max(wanted_at(entry), entry.pause);
}

void plan_regular_visit(const Agenda& agenda, AgendaEntry* entry, TimestampTz now) {
    int64 const period = naptime();
    int64 const moment = period * (entry - agenda.entries) / agenda.count;
    entry->regular = now - now % period + moment;
    // Half a period at least, or what is new on the agenda would be visited twice in a row.
    while (entry->regular < now + period / 2) {
        entry->regular += period;
    }
}

}  // namespace knowhow::server
