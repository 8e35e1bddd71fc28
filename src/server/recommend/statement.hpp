// One read of the bound tables through SPI, under the caller's rights, row security and snapshot.
//
// All functions here are PostgreSQL phases: call them with no destructor pending, between
// SPI_connect() and SPI_finish().
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <executor/spi.h>
#include <lib/stringinfo.h>
}

#include <string_view>

namespace knowhow::server {

// SQL text with its parameters. Text is the key under which the plan is kept for the session, so
// values travel as parameters only.
struct Statement {
    static constexpr int kMaxParameters = 16;
    StringInfoData sql;
    int count;
    Oid types[kMaxParameters];
    Datum values[kMaxParameters];
};

void begin_statement(Statement* statement, const char* sql);

// Appends text that holds no value: names come from append_relation().
void append_sql(Statement* statement, const char* sql);

// Appends schema.relation, quoted. The relation is known to exist.
void append_relation(Statement* statement, Oid relation);

// Appends $n for a value.
void append_parameter(Statement* statement, Oid type, Datum value);

// Runs a SELECT read-only. The rows stay until SPI_freetuptable() or SPI_finish().
SPITupleTable* run_statement(Statement* statement);

// Column `column` (from 1) of a row; a NULL gives 0, NULL, or the value named.
std::int64_t int8_column(SPITupleTable* rows, std::uint64_t row, int column);
double float8_column(SPITupleTable* rows, std::uint64_t row, int column, double if_null);
const char* text_column(SPITupleTable* rows, std::uint64_t row, int column);
Datum datum_column(SPITupleTable* rows, std::uint64_t row, int column, bool* null);
// In memory that lasts as long as SPI is connected; data() is NULL for a NULL.
std::string_view view_column(SPITupleTable* rows, std::uint64_t row, int column);

}  // namespace knowhow::server
