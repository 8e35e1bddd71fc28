#include "server/catalog/relation.hpp"

extern "C" {
#include <access/htup_details.h>
#include <catalog/pg_class.h>
#include <utils/acl.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

namespace knowhow::server {

bool relation_exists(Oid relation) {
    return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation));
}

Oid relation_owner(Oid relation) {
    HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) {
        elog(ERROR, "cache lookup failed for relation %u", relation);
    }
    Oid const owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

bool may_read(Oid relation) {
    return pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

char* qualified_name(Oid relation) {
    const char* const name = get_rel_name(relation);
    const char* const schema =
        name == nullptr ? nullptr : get_namespace_name(get_rel_namespace(relation));
    return schema == nullptr ? nullptr : quote_qualified_identifier(schema, name);
}

}  // namespace knowhow::server
