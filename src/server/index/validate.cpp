// Checks an operator class: tfidf's own, or one that somebody makes.
#include "server/index/callbacks.hpp"

extern "C" {
#include <access/amvalidate.h>
#include <access/htup_details.h>
#include <catalog/pg_amop.h>
#include <catalog/pg_opclass.h>
#include <catalog/pg_opfamily.h>
#include <catalog/pg_type.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

namespace knowhow::server::index {
namespace {

bool complain(const char* family, const char* what) {
    ereport(INFO, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                   errmsg("operator family \"%s\" of access method tfidf %s", family, what)));
    return false;
}

}  // namespace

bool validate(Oid operator_class) {
    HeapTuple const tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(operator_class));
    if (!HeapTupleIsValid(tuple)) {
        elog(ERROR, "cache lookup failed for operator class %u", operator_class);
    }
    Oid const family = reinterpret_cast<Form_pg_opclass>(GETSTRUCT(tuple))->opcfamily;
    ReleaseSysCache(tuple);
    HeapTuple const family_tuple = SearchSysCache1(OPFAMILYOID, ObjectIdGetDatum(family));
    if (!HeapTupleIsValid(family_tuple)) {
        elog(ERROR, "cache lookup failed for operator family %u", family);
    }
    char* const name =
        pstrdup(NameStr(reinterpret_cast<Form_pg_opfamily>(GETSTRUCT(family_tuple))->opfname));
    ReleaseSysCache(family_tuple);
    bool good = true;
    int found = 0;
    CatCList* const operators = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(family));
    for (int i = 0; i < operators->n_members; ++i) {
        Form_pg_amop const member =
            reinterpret_cast<Form_pg_amop>(GETSTRUCT(&operators->members[i]->tuple));
        ++found;
        if (member->amoppurpose != AMOP_ORDER || get_op_rettype(member->amopopr) != FLOAT8OID) {
            good = complain(name, "has an operator that does not order by double precision");
        }
    }
    ReleaseCatCacheList(operators);
    if (found != 1) {
        good = complain(name, "must have exactly one operator");
    }
    return good;
}

}  // namespace knowhow::server::index
