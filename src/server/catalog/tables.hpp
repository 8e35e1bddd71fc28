// The catalogue's tables in schema knowhow: found by name, read as system catalogues are, and
// written by small statements that run as their owner.
//
// All functions here are PostgreSQL phases: call them with no destructor pending.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <access/htup.h>
#include <access/tupdesc.h>
}

#include <cstdint>
#include <initializer_list>

namespace knowhow::server {

// OID of table, index or sequence knowhow.<name>. Error 42P01 when the extension's script and its
// library do not fit together.
Oid catalog_table(const char* name);

// OID of the type knowhow.<name>. Error 42704 when there is none.
Oid catalog_type(const char* name);

// Tables have more columns than the library knows where the extension has been updated while this
// process keeps the library that it began with. Error 42703 when there are fewer than `count`.
void require_columns(TupleDesc columns, int count);

// The first `count` columns of a row.
void read_columns(HeapTuple row, TupleDesc columns, int count, Datum* values, bool* nulls);

// A parameter of write_catalog().
struct Parameter {
    Oid type;
    Datum value;
    bool null = false;
};
Parameter int4_parameter(int32 value);
Parameter int8_parameter(int64 value);
Parameter text_parameter(const char* value);   // NULL: SQL NULL
Parameter jsonb_parameter(const void* value);  // a Jsonb*; NULL: SQL NULL
Parameter timestamp_parameter(int64 value);    // a TimestampTz; -infinity: SQL NULL

// Runs one statement, with $1, $2, ... for the parameters, as the owner of the catalogue and with
// search_path = pg_catalog, pg_temp. Returns the number of rows that it processed, and in *first
// the first column (an integer) of the first row that it returned. The caller has checked the
// right to do so: no other check follows. Everything that came before it in this transaction is
// visible to it, and it to everything after.
uint64 write_catalog(const char* statement, std::initializer_list<Parameter> parameters,
                     int64* first = nullptr);

}  // namespace knowhow::server
