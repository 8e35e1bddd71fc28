#include "server/recommend/statement.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <common/hashfn.h>
#include <utils/array.h>
#include <utils/hsearch.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
}

#include <cstring>

#include "server/model/writer.hpp"

namespace knowhow::server {
namespace {

// Plans kept for the session, by text and types of parameters (those of the extension are others
// after it was dropped and created again). PostgreSQL itself plans them anew when a table, a
// privilege-relevant role or row security changes.
struct KeptPlan {
    std::uint64_t key;   // hash of text and types
    char* sql;           // to tell collisions
    int count;
    Oid types[Statement::kMaxParameters];
    SPIPlanPtr plan;
};

constexpr long kMaxKeptPlans = 256;

HTAB* kept_plans = nullptr;

// How many statements are running: a function in somebody's view may call recommend() in turn.
int running = 0;

void forget_plans() {
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, kept_plans);
    while (void* entry = hash_seq_search(&scan)) {
        KeptPlan* kept = static_cast<KeptPlan*>(entry);
        SPI_freeplan(kept->plan);
        pfree(kept->sql);
        hash_search(kept_plans, &kept->key, HASH_REMOVE, nullptr);
    }
}

bool same(const KeptPlan* kept, const Statement* statement) {
    return kept->count == statement->count && strcmp(kept->sql, statement->sql.data) == 0 &&
           memcmp(kept->types, statement->types,
                  sizeof(Oid) * static_cast<std::size_t>(kept->count)) == 0;
}

SPIPlanPtr plan_for(Statement* statement) {
    if (kept_plans == nullptr) {
        HASHCTL control = {};
        control.keysize = sizeof(std::uint64_t);
        control.entrysize = sizeof(KeptPlan);
        kept_plans = hash_create("knowhow plans", 64, &control, HASH_ELEM | HASH_BLOBS);
    }
    const char* sql = statement->sql.data;
    std::uint64_t key = hash_combine64(
        hash_bytes_extended(reinterpret_cast<const unsigned char*>(sql), statement->sql.len, 0),
        hash_bytes_extended(reinterpret_cast<const unsigned char*>(statement->types),
                            static_cast<int>(sizeof(Oid)) * statement->count, 0));
    KeptPlan* kept = static_cast<KeptPlan*>(hash_search(kept_plans, &key, HASH_FIND, nullptr));
    if (kept != nullptr && same(kept, statement)) {
        return kept->plan;
    }
    // A generic plan: ids come as arrays of thousands, and planning for each anew would cost more
    // than the reading.
    SPIPlanPtr plan = SPI_prepare_cursor(sql, statement->count, statement->types,
                                         CURSOR_OPT_GENERIC_PLAN);
    if (plan == nullptr) {
        elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));
    }
    bool const full = hash_get_num_entries(kept_plans) >= kMaxKeptPlans;
    if (kept != nullptr || (full && running > 0)) {
        return plan;   // not kept: a collision, or no plan may go now
    }
    if (full) {
        forget_plans();
    }
    // The text first: once the entry exists nothing may fail before it is whole.
    char* text = MemoryContextStrdup(TopMemoryContext, sql);
    kept = static_cast<KeptPlan*>(hash_search(kept_plans, &key, HASH_ENTER, nullptr));
    kept->sql = text;
    kept->count = statement->count;
    memcpy(kept->types, statement->types, sizeof kept->types);
    kept->plan = plan;
    SPI_keepplan(plan);
    return plan;
}

}  // namespace

void begin_statement(Statement* statement, const char* sql) {
    initStringInfo(&statement->sql);
    statement->count = 0;
    appendStringInfoString(&statement->sql, sql);
}

void append_sql(Statement* statement, const char* sql) {
    appendStringInfoString(&statement->sql, sql);
}

void append_relation(Statement* statement, Oid relation) {
    const char* name = get_rel_name(relation);
    const char* schema = name == nullptr ? nullptr : get_namespace_name(get_rel_namespace(relation));
    if (schema == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                        errmsg("a table of the recommender was dropped while it was being read")));
    }
    appendStringInfoString(&statement->sql, quote_qualified_identifier(schema, name));
}

void append_parameter(Statement* statement, Oid type, Datum value) {
    if (statement->count == Statement::kMaxParameters) {
        elog(ERROR, "too many parameters in a statement");
    }
    statement->types[statement->count] = type;
    statement->values[statement->count] = value;
    ++statement->count;
    appendStringInfo(&statement->sql, "$%d", statement->count);
}

SPITupleTable* run_statement(Statement* statement) {
    SPIPlanPtr plan = plan_for(statement);
    int volatile result = 0;
    ++running;
    PG_TRY();
    {
        result = SPI_execute_plan(plan, statement->values, nullptr, true, 0);
    }
    PG_FINALLY();
    {
        --running;
    }
    PG_END_TRY();
    if (result != SPI_OK_SELECT) {
        elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
    }
    return SPI_tuptable;
}

Datum datum_column(SPITupleTable* rows, std::uint64_t row, int column, bool* null) {
    return SPI_getbinval(rows->vals[row], rows->tupdesc, column, null);
}

std::int64_t int8_column(SPITupleTable* rows, std::uint64_t row, int column) {
    bool null;
    Datum const value = datum_column(rows, row, column, &null);
    return null ? 0 : DatumGetInt64(value);
}

double float8_column(SPITupleTable* rows, std::uint64_t row, int column, double if_null) {
    bool null;
    Datum const value = datum_column(rows, row, column, &null);
    return null ? if_null : DatumGetFloat8(value);
}

const char* text_column(SPITupleTable* rows, std::uint64_t row, int column) {
    bool null;
    Datum const value = datum_column(rows, row, column, &null);
    return null ? nullptr : TextDatumGetCString(value);
}

std::string_view view_column(SPITupleTable* rows, std::uint64_t row, int column) {
    bool null;
    Datum const value = datum_column(rows, row, column, &null);
    if (null) {
        return {};
    }
    text* const copy = DatumGetTextPP(value);
    return {VARDATA_ANY(copy), VARSIZE_ANY_EXHDR(copy)};
}

}  // namespace knowhow::server
