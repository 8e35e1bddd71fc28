// rebuild_vectors(): vectors made anew where the text version has changed.
#include "server/border/border.hpp"

extern "C" {
#include <access/attnum.h>
#include <access/table.h>
#include <access/xact.h>
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <storage/lmgr.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

#include "server/catalog/acting.hpp"
#include "server/catalog/model.hpp"
#include "server/catalog/recommender.hpp"
#include "server/catalog/relation.hpp"
#include "server/catalog/tables.hpp"
#include "server/text/parser.hpp"

namespace knowhow::server {
namespace {

[[noreturn]] void cannot_recompute(const Recommender& recommender, const char* what) {
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("cannot rebuild the vectors of recommender \"%s\"", recommender.name),
             errdetail("%s (snippets) %s.", qualified_name(recommender.snippets), what),
             errhint("Recompute them as they were made (UPDATE, REFRESH MATERIALIZED VIEW), then "
                     "say so: SELECT knowhow.rebuild_vectors(%s, recompute => false);",
                     quote_literal_cstr(recommender.name))));
    pg_unreachable();
}

// The table may be rewritten and its column content is generated and stored: checked under a lock
// that keeps both so.
void require_generated_column(const Recommender& recommender) {
    Oid const snippets = recommender.snippets;
    char const kind = get_rel_relkind(snippets);
    if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) {
        cannot_recompute(recommender, "is no table");
    }
    Relation const table = table_open(snippets, RowExclusiveLock);
    AttrNumber const content = get_attnum(snippets, "content");
    if (content == InvalidAttrNumber ||
        TupleDescAttr(RelationGetDescr(table), content - 1)->attgenerated !=
            ATTRIBUTE_GENERATED_STORED) {
        cannot_recompute(recommender, "has column content, which is not generated");
    }
    table_close(table, NoLock);
}

// The recommender, locked against trainings and changes, its snippets against being dropped,
// renamed or retyped. While it waited another session may have changed it: what counts is the row
// as it is now.
const Recommender* locked_recommender(const char* name) {
    const Recommender* const found = find_recommender(name);
    require_owner(*found, "rebuild its vectors");
    bool const locked = lock_recommender(found->id);
    LockRelationOid(found->snippets, RowExclusiveLock);
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    const Recommender* const recommender = locked ? recommender_by_id(found->id) : nullptr;
    PopActiveSnapshot();
    if (recommender == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("recommender \"%s\" was dropped meanwhile", found->name)));
    }
    require_owner(*recommender, "rebuild its vectors");
    return recommender;
}

// The first column of the first row as text, or NULL. With SPI connected.
char* first_text(const char* sql, Oid relation) {
    Oid types[] = {OIDOID};
    Datum values[] = {ObjectIdGetDatum(relation)};
    if (SPI_execute_with_args(sql, 1, types, values, nullptr, true, 1) != SPI_OK_SELECT) {
        elog(ERROR, "reading the definition of column content failed");
    }
    return SPI_processed == 0 ? nullptr
                              : SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

// PostgreSQL recomputes a generated column only where a column changes from which it is made; so
// one of these is set to itself, in the rows whose vector would become another. With SPI connected.
int64 recompute(const Recommender& recommender) {
    const char* const expression = first_text(
        "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a "
        "ON a.attrelid = d.adrelid AND a.attnum = d.adnum "
        "WHERE d.adrelid = $1 AND a.attname = 'content'",
        recommender.snippets);
    const char* const source = first_text(
        "SELECT quote_ident(s.attname) FROM pg_attrdef e JOIN pg_attribute a "
        "ON a.attrelid = e.adrelid AND a.attnum = e.adnum JOIN pg_depend d "
        "ON d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid "
        "JOIN pg_attribute s ON s.attrelid = d.refobjid AND s.attnum = d.refobjsubid "
        "WHERE e.adrelid = $1 AND a.attname = 'content' "
        "AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 "
        "AND d.refobjsubid <> e.adnum ORDER BY d.refobjsubid",
        recommender.snippets);
    if (expression == nullptr || source == nullptr) {
        cannot_recompute(recommender, "has column content, which is made from no other");
    }
    const char* const update = psprintf(
        "UPDATE %s SET %s = %s WHERE (content OPERATOR(knowhow.=) (%s)) IS NOT TRUE "
        "AND (content IS NOT NULL OR (%s) IS NOT NULL)",
        qualified_name(recommender.snippets), source, source, expression, expression);
    int const result = SPI_execute(update, false, 0);
    if (result != SPI_OK_UPDATE) {
        elog(ERROR, "rebuilding vectors failed: %s", SPI_result_code_string(result));
    }
    return static_cast<int64>(SPI_processed);
}

}  // namespace

// rebuild_vectors(recommender text, recompute boolean) returns the number of rows rewritten.
KNOWHOW_FUNCTION(rebuild_vectors) {
    PreventCommandIfReadOnly("knowhow.rebuild_vectors()");
    PreventCommandIfParallelMode("knowhow.rebuild_vectors()");
    PreventCommandDuringRecovery("knowhow.rebuild_vectors()");
    const char* const name = PG_ARGISNULL(0) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(0));
    bool const wanted = PG_ARGISNULL(1) || PG_GETARG_BOOL(1);
    const Recommender* const recommender = locked_recommender(name);
    int64 rows = 0;
    if (wanted) {
        require_generated_column(*recommender);
        ActingAsOwner const before = act_as_owner(*recommender);
        SPI_connect();
        rows = recompute(*recommender);
        SPI_finish();
        act_as_before(before);
    }
    write_catalog(
        "UPDATE knowhow.recommender_catalog SET text_version = $2 "
        "WHERE recommender_id = $1",
        {int4_parameter(recommender->id), text_parameter(text_version())});
    PG_RETURN_INT64(rows);
}

}  // namespace knowhow::server
