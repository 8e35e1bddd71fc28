#include "server/model/writer.hpp"

extern "C" {
#include <access/genam.h>
#include <access/heapam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <access/xact.h>
#include <catalog/index.h>
#include <catalog/indexing.h>
#include <catalog/namespace.h>
#include <catalog/pg_type.h>
#include <executor/tuptable.h>
#include <nodes/execnodes.h>
#include <utils/array.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
}

#include <algorithm>
#include <cstring>

#include "server/catalog/tables.hpp"

namespace knowhow::server {
namespace {

// Rows that go into one heap_multi_insert: enough to fill several pages with one WAL record each.
constexpr int kBatch = 64;

}  // namespace

struct ModelWriter {
    Relation relation;
    CatalogIndexState indexes;
    MemoryContext rows;   // the pending tuples
    TupleTableSlot* slots[kBatch];
    int pending;
};

namespace {

// As catalogue tuples get theirs, but with the slot's TID: a row that was toasted on its way in is
// a copy, and the tuple in the slot never learns where it went.
void insert_index_entries(ModelWriter* writer, TupleTableSlot* slot) {
    ResultRelInfo* indexes = writer->indexes;
    for (int i = 0; i < indexes->ri_NumIndices; ++i) {
        Relation const index = indexes->ri_IndexRelationDescs[i];
        IndexInfo* const info = indexes->ri_IndexRelationInfo[i];
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        FormIndexDatum(info, slot, nullptr, values, nulls);
        index_insert(index, values, nulls, &slot->tts_tid, writer->relation,
                     index->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false,
                     info);
    }
}

void flush(ModelWriter* writer) {
    if (writer->pending == 0) {
        return;
    }
    heap_multi_insert(writer->relation, writer->slots, writer->pending,
                      GetCurrentCommandId(true), 0, nullptr);
    for (int i = 0; i < writer->pending; ++i) {
        insert_index_entries(writer, writer->slots[i]);
        ExecClearTuple(writer->slots[i]);
    }
    writer->pending = 0;
    MemoryContextReset(writer->rows);
    CHECK_FOR_INTERRUPTS();
}

Datum plain_array(Oid element_type, const void* values, int count, std::size_t width) {
    if (count == 0) {
        return PointerGetDatum(construct_empty_array(element_type));
    }
    const std::size_t bytes = ARR_OVERHEAD_NONULLS(1) + width * static_cast<std::size_t>(count);
    ArrayType* array = static_cast<ArrayType*>(palloc0(bytes));
    SET_VARSIZE(array, bytes);
    array->ndim = 1;
    array->elemtype = element_type;
    ARR_DIMS(array)[0] = count;
    ARR_LBOUND(array)[0] = 1;
    memcpy(ARR_DATA_PTR(array), values, width * static_cast<std::size_t>(count));
    return PointerGetDatum(array);
}

}  // namespace

ModelWriter* open_model_writer(const char* table) {
    ModelWriter* writer = static_cast<ModelWriter*>(palloc0(sizeof(ModelWriter)));
    writer->relation = table_open(catalog_table(table), RowExclusiveLock);
    writer->indexes = CatalogOpenIndexes(writer->relation);
    writer->rows = AllocSetContextCreate(CurrentMemoryContext, "knowhow model rows",
                                         ALLOCSET_DEFAULT_SIZES);
    for (TupleTableSlot*& slot : writer->slots) {
        slot = MakeSingleTupleTableSlot(RelationGetDescr(writer->relation), &TTSOpsHeapTuple);
    }
    return writer;
}

void append_model_row(ModelWriter* writer, std::span<const Datum> values) {
    MemoryContext const caller = MemoryContextSwitchTo(writer->rows);
    TupleDesc const columns = RelationGetDescr(writer->relation);
    require_columns(columns, static_cast<int>(values.size()));
    std::size_t const count = static_cast<std::size_t>(columns->natts);
    Datum* const all = static_cast<Datum*>(palloc0(sizeof(Datum) * count));
    bool* const nulls = static_cast<bool*>(palloc0(sizeof(bool) * count));
    std::copy(values.begin(), values.end(), all);
    std::fill(nulls + values.size(), nulls + count, true);
    HeapTuple const row = heap_form_tuple(columns, all, nulls);
    ExecStoreHeapTuple(row, writer->slots[writer->pending], false);
    MemoryContextSwitchTo(caller);
    if (++writer->pending == kBatch) {
        flush(writer);
    }
}

void close_model_writer(ModelWriter* writer) {
    flush(writer);
    for (TupleTableSlot* slot : writer->slots) {
        ExecDropSingleTupleTableSlot(slot);
    }
    CatalogCloseIndexes(writer->indexes);
    MemoryContextDelete(writer->rows);
    table_close(writer->relation, NoLock);
    pfree(writer);
}

Datum int4_array(const std::int32_t* values, int count) {
    return plain_array(INT4OID, values, count, sizeof *values);
}

Datum int8_array(const std::int64_t* values, int count) {
    return plain_array(INT8OID, values, count, sizeof *values);
}

Datum float4_array(const float* values, int count) {
    return plain_array(FLOAT4OID, values, count, sizeof *values);
}

}  // namespace knowhow::server
