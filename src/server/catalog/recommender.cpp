#include "server/catalog/recommender.hpp"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <utils/acl.h>
#include <utils/array.h>
#include <utils/fmgroids.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

#include "server/catalog/binding.hpp"
#include "server/catalog/relation.hpp"
#include "server/catalog/tables.hpp"
#include "server/module.hpp"

namespace knowhow::server {
namespace {

// Columns of knowhow.recommender_catalog.
enum Column {
    kColumnId = 1,
    kColumnName,
    kColumnSnippets,  // the roles follow each other
    kColumnBoundNames = kColumnSnippets + kRoles,
    kColumnAlgorithm,
    kColumnParams,
    kColumnCreatedAt,
    kColumnTextVersion,
    kColumns = kColumnTextVersion
};

// A row of the catalogue: the recommender, and what its relations were called.
struct Row {
    Recommender recommender;
    Datum bound_names;
};

Row* read_row(HeapTuple tuple, TupleDesc columns) {
    Datum values[kColumns];
    bool nulls[kColumns];
    read_columns(tuple, columns, kColumns, values, nulls);
    auto value = [&](int column) { return values[column - 1]; };
    auto relation = [&](int role) {
        int const column = kColumnSnippets + role;
        return nulls[column - 1] ? InvalidOid : DatumGetObjectId(value(column));
    };
    Row* const row = static_cast<Row*>(palloc0(sizeof(Row)));
    Recommender& recommender = row->recommender;
    recommender.id = DatumGetInt32(value(kColumnId));
    recommender.name = TextDatumGetCString(value(kColumnName));
    recommender.snippets = relation(kSnippets);
    recommender.interactions = relation(kInteractions);
    recommender.labels = relation(kLabels);
    recommender.ratings = relation(kRatings);
    recommender.events = relation(kEvents);
    recommender.users = relation(kUsers);
    recommender.links = relation(kLinks);
    recommender.algorithm = TextDatumGetCString(value(kColumnAlgorithm));
    recommender.params = DatumGetJsonbPCopy(value(kColumnParams));
    recommender.text_version = nulls[kColumnTextVersion - 1]
                                   ? nullptr
                                   : TextDatumGetCString(value(kColumnTextVersion));
    row->bound_names = PointerGetDatum(DatumGetArrayTypePCopy(value(kColumnBoundNames)));
    return row;
}

// Calls body(row) for each row that the key finds, or for all rows without one.
template <typename Body>
void for_each_row(const char* index, ScanKey key, Body body) {
    Relation const catalog = table_open(catalog_table("recommender_catalog"), AccessShareLock);
    SysScanDesc const scan =
        systable_beginscan(catalog, index == nullptr ? InvalidOid : catalog_table(index),
                           index != nullptr, GetActiveSnapshot(), key == nullptr ? 0 : 1, key);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        body(read_row(tuple, RelationGetDescr(catalog)));
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
}

Row* row_by_name(const char* name) {
    ScanKeyData key;  // of collation C, as the column is
    ScanKeyInit(&key, kColumnName, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(name));
    Row* found = nullptr;
    for_each_row("recommender_catalog_name_key", &key, [&](Row* row) { found = row; });
    return found;
}

Row* row_by_id(int32 id) {
    ScanKeyData key;
    ScanKeyInit(&key, kColumnId, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
    Row* found = nullptr;
    for_each_row("recommender_catalog_pkey", &key, [&](Row* row) { found = row; });
    return found;
}

// The only recommender whose snippets the caller may read. Where there is none: NULL, or an error.
Row* only_row(bool none_is_null) {
    Row* found = nullptr;
    int count = 0;
    for_each_row(nullptr, nullptr, [&](Row* row) {
        if (relation_exists(row->recommender.snippets) && may_read(row->recommender.snippets)) {
            found = row;
            ++count;
        }
    });
    if (count == 0 && !none_is_null) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("there is no recommender that you may read"),
                        errhint("Create one with knowhow.create_knowledge_base() or "
                                "knowhow.create_recommender().")));
    }
    if (count > 1) {
        ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_PARAMETER),
                        errmsg("there are %d recommenders, and none of them is named", count),
                        errhint("Name one by the argument \"recommender\" or by the setting "
                                "knowhow.recommender; SELECT name FROM knowhow.recommenders "
                                "lists them.")));
    }
    return found;
}

[[noreturn]] void no_such_recommender(const char* name) {
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("recommender \"%s\" does not exist", name),
             errhint("SELECT name FROM knowhow.recommenders lists those that you may read.")));
    pg_unreachable();
}

// The caller may read the recommender, and its relations are those that were bound.
Recommender* usable(Row* row) {
    Recommender& recommender = row->recommender;
    if (relation_exists(recommender.snippets) && !may_read(recommender.snippets)) {
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("permission denied for recommender \"%s\"", recommender.name),
                        errdetail("It takes the right to SELECT from %s.",
                                  qualified_name(recommender.snippets))));
    }
    require_bound(recommender, row->bound_names, 0);
    recommender.owner = relation_owner(recommender.snippets);
    return &recommender;
}

}  // namespace

const char* role_name(int role) {
    static const char* const names[kRoles] = {"snippets", "interactions", "labels", "ratings",
                                              "events", "users", "links"};
    return names[role];
}

Recommender* find_recommender(const char* name, bool none_is_null) {
    if (name == nullptr && settings::recommender != nullptr && *settings::recommender != '\0') {
        name = settings::recommender;
    }
    if (name == nullptr) {
        Row* const row = only_row(none_is_null);
        return row == nullptr ? nullptr : usable(row);
    }
    Row* const row = row_by_name(name);
    if (row == nullptr) {
        no_such_recommender(name);
    }
    return usable(row);
}

Recommender* recommender_by_id(int32 id) {
    Row* const row = row_by_id(id);
    return row == nullptr ? nullptr : usable(row);
}

bool may_see_recommender(int32 id) {
    Row* const row = row_by_id(id);
    return row != nullptr && relation_exists(row->recommender.snippets) &&
           may_read(row->recommender.snippets);
}

Recommender* stored_recommender(const char* name, Datum* bound_names) {
    Row* const row = row_by_name(name);
    if (row == nullptr) {
        no_such_recommender(name);
    }
    Recommender& recommender = row->recommender;
    if (relation_exists(recommender.snippets)) {
        recommender.owner = relation_owner(recommender.snippets);
    }
    *bound_names = row->bound_names;
    return &recommender;
}

bool caller_owns(const Recommender& recommender) {
    return OidIsValid(recommender.owner) && has_privs_of_role(GetUserId(), recommender.owner);
}

void require_owner(const Recommender& recommender, const char* action) {
    if (!caller_owns(recommender)) {
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("must be owner of recommender \"%s\" to %s", recommender.name, action),
                 errdetail("Its owner is the owner of its snippets relation.")));
    }
}

}  // namespace knowhow::server
