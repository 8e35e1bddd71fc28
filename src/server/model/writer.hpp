// Writing the rows of a model version in bulk, as system catalogues are written: formed tuples,
// heap_multi_insert, plain btree indexes. The caller has checked its right to do so.
//
// All functions here are PostgreSQL phases: call them with no destructor pending.
#pragma once

#include "server/border/border.hpp"

#include <span>

namespace knowhow::server {

struct ModelWriter;

// Opens table knowhow.<table> for appending. The writer lives in the current memory context.
ModelWriter* open_model_writer(const char* table);

// Appends one row: the values of the first columns in their order, no NULLs; columns that an update
// of the extension has added since stay NULL. Datums are copied before it returns.
void append_model_row(ModelWriter* writer, std::span<const Datum> values);

// Writes what is pending and closes the table; its lock is kept to the end of the transaction.
void close_model_writer(ModelWriter* writer);

// One-dimensional arrays from plain memory, in the current memory context.
Datum int4_array(const std::int32_t* values, int count);
Datum int8_array(const std::int64_t* values, int count);
Datum float4_array(const float* values, int count);

}  // namespace knowhow::server
