#include "server/catalog/binding.hpp"

extern "C" {
#include <access/htup_details.h>
#include <catalog/pg_attribute.h>
#include <catalog/pg_class.h>
#include <catalog/pg_type.h>
#include <lib/stringinfo.h>
#include <parser/parse_coerce.h>
#include <utils/array.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

#include <cstring>

#include "server/catalog/relation.hpp"
#include "server/catalog/tables.hpp"

namespace knowhow::server {
namespace {

// A column of the contract. Type InvalidOid stands for knowhow.tfidf.
struct Column {
    int role;
    const char* name;
    Oid type;
    bool required;  // one that is not required must have this type where it exists
};

constexpr Column kColumns[] = {
    {kSnippets, "snippet_id", INT8OID, true},
    {kSnippets, "title", TEXTOID, true},
    {kSnippets, "content", InvalidOid, true},
    {kSnippets, "kind", TEXTOID, false},
    {kSnippets, "team_id", INT8OID, false},
    {kSnippets, "author_id", INT8OID, false},
    {kSnippets, "created_at", TIMESTAMPTZOID, false},
    {kInteractions, "user_id", INT8OID, true},
    {kInteractions, "snippet_id", INT8OID, true},
    {kInteractions, "weight", FLOAT4OID, true},
    {kInteractions, "occurred_at", TIMESTAMPTZOID, true},
    {kLabels, "snippet_id", INT8OID, true},
    {kLabels, "kind", TEXTOID, true},
    {kLabels, "value", TEXTOID, true},
    {kRatings, "user_id", INT8OID, true},
    {kRatings, "snippet_id", INT8OID, true},
    {kRatings, "rating", FLOAT4OID, true},
    {kEvents, "user_id", INT8OID, true},
    {kEvents, "snippet_id", INT8OID, true},
    {kEvents, "kind", TEXTOID, true},
    {kUsers, "user_id", INT8OID, true},
    {kUsers, "team_id", INT8OID, true},
    {kLinks, "from_id", INT8OID, true},
    {kLinks, "to_id", INT8OID, true},
    {kLinks, "kind", TEXTOID, true},
};

// Type of a column as PostgreSQL writes it, or NULL when the relation has no such column.
const char* column_type(Oid relation, const char* name, Oid* type) {
    HeapTuple const tuple = SearchSysCacheAttName(relation, name);
    if (!HeapTupleIsValid(tuple)) {
        return nullptr;
    }
    Form_pg_attribute const attribute = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple));
    *type = attribute->atttypid;
    const char* const shown = format_type_with_typemod(attribute->atttypid, attribute->atttypmod);
    ReleaseSysCache(tuple);
    return shown;
}

void add_line(StringInfo lines, const char* line) {
    appendStringInfo(lines, "%s%s", lines->len > 0 ? "\n" : "", line);
}

bool can_be_bound(char kind) {
    return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE || kind == RELKIND_VIEW ||
           kind == RELKIND_MATVIEW || kind == RELKIND_FOREIGN_TABLE;
}

void check_kinds(const Recommender& recommender) {
    for (int role = 0; role < kRoles; ++role) {
        Oid const relation = recommender.relation(role);
        if (OidIsValid(relation) && !can_be_bound(get_rel_relkind(relation))) {
            ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                            errmsg("%s cannot serve as %s of recommender \"%s\"",
                                   qualified_name(relation), role_name(role), recommender.name),
                            errdetail("It is neither a table nor a view.")));
        }
        if (OidIsValid(relation) && get_rel_persistence(relation) == RELPERSISTENCE_TEMP) {
            ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                            errmsg("%s cannot serve as %s of recommender \"%s\"",
                                   qualified_name(relation), role_name(role), recommender.name),
                            errdetail("It is temporary: no other session could read it.")));
        }
    }
}

void check_columns(const Recommender& recommender) {
    Oid const tfidf = catalog_type("tfidf");
    StringInfoData faults;
    initStringInfo(&faults);
    bool any_missing = false;
    for (const Column& column : kColumns) {
        Oid const relation = recommender.relation(column.role);
        if (!OidIsValid(relation)) {
            continue;
        }
        Oid const wanted = OidIsValid(column.type) ? column.type : tfidf;
        const char* const wanted_name =
            OidIsValid(column.type) ? format_type_be(wanted) : "knowhow.tfidf";
        Oid type = InvalidOid;
        const char* const found = column_type(relation, column.name, &type);
        if (found == nullptr && column.required) {
            any_missing = true;
            add_line(&faults,
                     psprintf("%s (%s) has no column %s of type %s.", qualified_name(relation),
                              role_name(column.role), column.name, wanted_name));
        } else if (found != nullptr && !IsBinaryCoercible(type, wanted)) {
            add_line(&faults,
                     psprintf("%s (%s) has column %s of type %s, not %s.", qualified_name(relation),
                              role_name(column.role), column.name, found, wanted_name));
        }
    }
    if (faults.len > 0) {
        ereport(ERROR,
                (errcode(any_missing ? ERRCODE_UNDEFINED_COLUMN : ERRCODE_DATATYPE_MISMATCH),
                 errmsg("relations do not have the columns that recommender \"%s\" needs",
                        recommender.name),
                 errdetail("%s", faults.data),
                 errhint("Bind a view that renames or casts columns; content is "
                         "knowhow.to_tfidf(body, title => title), best as a generated column.")));
    }
}

void check_owners(const Recommender& recommender) {
    Oid const owner = relation_owner(recommender.snippets);
    StringInfoData faults;
    initStringInfo(&faults);
    for (int role = 0; role < kRoles; ++role) {
        Oid const relation = recommender.relation(role);
        if (!OidIsValid(relation)) {
            continue;
        }
        Oid const other = relation_owner(relation);
        if (other != owner && !superuser_arg(other)) {
            add_line(
                &faults,
                psprintf("%s (%s) belongs to %s, %s (snippets) to %s.", qualified_name(relation),
                         role_name(role), GetUserNameFromId(other, false),
                         qualified_name(recommender.snippets), GetUserNameFromId(owner, false)));
        }
    }
    if (faults.len > 0) {
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("relations of recommender \"%s\" have different owners", recommender.name),
                 errdetail("%s", faults.data),
                 errhint("Training reads them all as the owner of snippets, and to read a view "
                         "runs functions that its owner chose: let one role, or a superuser, "
                         "own them.")));
    }
}

}  // namespace

void check_bound_relations(const Recommender& recommender) {
    check_kinds(recommender);
    check_columns(recommender);
    check_owners(recommender);
}

Datum names_to_bind(const Recommender& recommender) {
    Datum names[kRoles];
    bool nulls[kRoles];
    for (int role = 0; role < kRoles; ++role) {
        const char* const name = qualified_name(recommender.relation(role));
        nulls[role] = name == nullptr;
        names[role] = name == nullptr ? static_cast<Datum>(0) : CStringGetTextDatum(name);
    }
    int dimensions[1] = {kRoles};
    int lower_bounds[1] = {1};
    return PointerGetDatum(construct_md_array(names, nulls, 1, dimensions, lower_bounds, TEXTOID,
                                              -1, false, TYPALIGN_INT));
}

void require_bound(const Recommender& recommender, Datum bound_names, unsigned skip) {
    Datum* names;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(bound_names), TEXTOID, -1, false, TYPALIGN_INT, &names,
                      &nulls, &count);
    StringInfoData gone;
    StringInfoData renamed;
    StringInfoData repair;
    initStringInfo(&gone);
    initStringInfo(&renamed);
    initStringInfo(&repair);
    for (int role = 0; role < kRoles; ++role) {
        Oid const relation = recommender.relation(role);
        bool const required = role == kSnippets || role == kInteractions;
        if ((!OidIsValid(relation) && !required) || (skip & (1U << role)) != 0) {
            continue;
        }
        const char* const bound =
            role < count && !nulls[role] ? TextDatumGetCString(names[role]) : "(unknown)";
        const char* const present = qualified_name(relation);
        if (present == nullptr) {
            add_line(&gone, psprintf("%s (%s) is gone.", bound, role_name(role)));
        } else if (strcmp(bound, present) != 0) {
            add_line(&renamed,
                     psprintf("%s (%s) is now called %s.", bound, role_name(role), present));
            appendStringInfo(&repair, ", %s => %s", role_name(role), quote_literal_cstr(present));
        }
    }
    if (gone.len > 0) {
        bool const free = !relation_exists(recommender.snippets);
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_TABLE),
                 errmsg("a relation of recommender \"%s\" no longer exists", recommender.name),
                 errdetail("%s", gone.data),
                 free ? errhint("The name is free again: knowhow.create_recommender() and "
                                "knowhow.create_knowledge_base() may take it.")
                      : errhint("Bind another with knowhow.alter_recommender(); labels, ratings, "
                                "events, users or links => '-' does without.")));
    }
    if (renamed.len > 0) {
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("a relation of recommender \"%s\" has been renamed", recommender.name),
                 errdetail("%s", renamed.data),
                 errhint("If that is the relation you mean, its owner runs: SELECT "
                         "knowhow.alter_recommender(%s%s);",
                         quote_literal_cstr(recommender.name), repair.data)));
    }
}

}  // namespace knowhow::server
