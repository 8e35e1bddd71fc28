#include "server/catalog/tables.hpp"

extern "C" {
#include <access/htup_details.h>
#include <catalog/namespace.h>
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <utils/guc.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

#include "server/catalog/relation.hpp"

namespace knowhow::server {
namespace {

constexpr int kMostParameters = 20;

}  // namespace

Oid catalog_table(const char* name) {
    Oid const relation = get_relname_relid(name, get_namespace_oid("knowhow", false));
    if (!OidIsValid(relation)) {
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_TABLE),
                 errmsg("relation \"knowhow.%s\" does not exist", name),
                 errhint("Library and extension differ: run ALTER EXTENSION knowhow UPDATE.")));
    }
    return relation;
}

Oid catalog_type(const char* name) {
    Oid const type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
                                     ObjectIdGetDatum(get_namespace_oid("knowhow", false)));
    if (!OidIsValid(type)) {
        ereport(
            ERROR,
            (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("type \"knowhow.%s\" does not exist", name),
             errhint("Library and extension differ: run ALTER EXTENSION knowhow UPDATE.")));
    }
    return type;
}

void require_columns(TupleDesc columns, int count) {
    if (columns->natts < count) {
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_COLUMN),
                 errmsg("a table of knowhow has %d columns, not %d", columns->natts, count),
                 errhint("Library and extension differ: run ALTER EXTENSION knowhow UPDATE.")));
    }
}

void read_columns(HeapTuple row, TupleDesc columns, int count, Datum* values, bool* nulls) {
    require_columns(columns, count);
    for (int i = 0; i < count; ++i) {
        values[i] = heap_getattr(row, i + 1, columns, &nulls[i]);
    }
}

Parameter int4_parameter(int32 value) {
    return {INT4OID, Int32GetDatum(value)};
}

Parameter int8_parameter(int64 value) {
    return {INT8OID, Int64GetDatum(value)};
}

Parameter text_parameter(const char* value) {
    if (value == nullptr) {
        return {TEXTOID, static_cast<Datum>(0), true};
    }
    return {TEXTOID, CStringGetTextDatum(value)};
}

Parameter jsonb_parameter(const void* value) {
    return {JSONBOID, PointerGetDatum(value), value == nullptr};
}

Parameter timestamp_parameter(int64 value) {
    return {TIMESTAMPTZOID, TimestampTzGetDatum(value), value == DT_NOBEGIN};
}

uint64 write_catalog(const char* statement, std::initializer_list<Parameter> parameters,
                     int64* first) {
    Oid types[kMostParameters];
    Datum values[kMostParameters];
    char nulls[kMostParameters];
    int count = 0;
    for (const Parameter& parameter : parameters) {
        if (count == kMostParameters) {
            elog(ERROR, "more than %d parameters", kMostParameters);
        }
        types[count] = parameter.type;
        values[count] = parameter.value;
        nulls[count] = parameter.null ? 'n' : ' ';
        ++count;
    }

    // As referential integrity triggers do it. An error on the way restores user and settings
    // together with the (sub)transaction.
    Oid caller;
    int context;
    GetUserIdAndSecContext(&caller, &context);
    SetUserIdAndSecContext(relation_owner(catalog_table("recommender_catalog")),
                           context | SECURITY_LOCAL_USERID_CHANGE);
    int const settings = NewGUCNestLevel();
    (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                            GUC_ACTION_SAVE, true, 0, false);
    // These statements are small, whatever the planner thinks of tables without statistics.
    (void)set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                            false);
    SPI_connect();
    int const result = SPI_execute_with_args(statement, count, types, values, nulls, false, 0);
    if (result < 0) {
        elog(ERROR, "statement on the catalogue failed: %s", SPI_result_code_string(result));
    }
    uint64 const processed = SPI_processed;
    if (first != nullptr && processed > 0 && SPI_tuptable != nullptr) {
        bool null;
        TupleDesc const columns = SPI_tuptable->tupdesc;
        Datum const value = SPI_getbinval(SPI_tuptable->vals[0], columns, 1, &null);
        if (!null) {
            *first =
                SPI_gettypeid(columns, 1) == INT8OID ? DatumGetInt64(value) : DatumGetInt32(value);
        }
    }
    SPI_finish();
    AtEOXact_GUC(true, settings);
    SetUserIdAndSecContext(caller, context);
    return processed;
}

}  // namespace knowhow::server
