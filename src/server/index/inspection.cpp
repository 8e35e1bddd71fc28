#include "server/index/inspection.hpp"

extern "C" {
#include <access/genam.h>
#include <access/table.h>
#include <access/xlog.h>
#include <catalog/index.h>
#include <catalog/objectaddress.h>
#include <catalog/pg_class.h>
#include <utils/acl.h>
#include <utils/lsyscache.h>
#include <utils/rls.h>
}

#include "server/catalog/relation.hpp"
#include "server/index/callbacks.hpp"

namespace knowhow::server::index {
namespace {

void require_index(Oid relation) {
    if (!relation_exists(relation)) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                        errmsg("there is no relation with OID %u", relation)));
    }
    char const kind = get_rel_relkind(relation);
    if (kind == RELKIND_PARTITIONED_INDEX) {
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                 errmsg("\"%s\" is a partitioned index", get_rel_name(relation)),
                 errdetail("It holds nothing itself."),
                 errhint("Name the indexes of its partitions: SELECT relid FROM "
                         "pg_partition_tree(%s) WHERE isleaf.",
                         quote_literal_cstr(qualified_name(relation)))));
    }
    if (kind != RELKIND_INDEX) {
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" is not an index", get_rel_name(relation))));
    }
}

// As PostgreSQL does with statistics of columns: what is in the index tells of hidden rows.
void require_right_to_read(Oid table) {
    if (!may_read(table)) {
        aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(get_rel_relkind(table)),
                       get_rel_name(table));
    }
    if (check_enable_rls(table, InvalidOid, true) == RLS_ENABLED) {
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("row security of table \"%s\" may hide rows that its index holds",
                               get_rel_name(table)),
                        errhint("Ask its owner, or a role with BYPASSRLS.")));
    }
}

void require_readable(Relation index) {
    const char* const name = RelationGetRelationName(index);
    if (index->rd_indam->ambuild != build) {
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" is not a tfidf index", name),
                        errhint("CREATE INDEX ... USING tfidf makes one.")));
    }
    if (RELATION_IS_OTHER_TEMP(index)) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot read index \"%s\": it is of another session's temporary "
                               "table",
                               name)));
    }
    if (index->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED && RecoveryInProgress()) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot read unlogged index \"%s\" during recovery", name)));
    }
    if (!index->rd_index->indisvalid) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("index \"%s\" is not valid", name),
                        errdetail("Its building failed, or goes on."),
                        errhint("Where nothing builds it any more, REINDEX or drop it.")));
    }
}

}  // namespace

Inspected open_for_inspection(Oid relation) {
    require_index(relation);
    Oid const table = IndexGetRelation(relation, false);
    require_right_to_read(table);
    Inspected inspected;
    // The table first, as everybody locks them.
    inspected.table = table_open(table, AccessShareLock);
    inspected.index = index_open(relation, AccessShareLock);
    if (IndexGetRelation(relation, true) != table) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                        errmsg("index \"%s\" was dropped meanwhile",
                               RelationGetRelationName(inspected.index))));
    }
    require_readable(inspected.index);
    return inspected;
}

void close_inspected(const Inspected& inspected) {
    index_close(inspected.index, AccessShareLock);
    table_close(inspected.table, AccessShareLock);
}

}  // namespace knowhow::server::index
