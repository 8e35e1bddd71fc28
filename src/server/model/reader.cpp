#include "server/model/reader.hpp"

extern "C" {
#include <access/genam.h>
#include <access/stratnum.h>
#include <access/table.h>
#include <access/tableam.h>
#include <catalog/pg_type.h>
#include <executor/tuptable.h>
#include <utils/array.h>
#include <utils/fmgroids.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

#include <algorithm>

#include "server/catalog/tables.hpp"
#include "server/model/kept_rows.hpp"

namespace knowhow::server {
namespace {

// One index kept open over many lookups.
struct Lookup {
    Relation heap;
    Relation index;
    IndexScanDesc scan;
    TupleTableSlot* slot;
};

Lookup open_lookup(const char* table, const char* index) {
    Lookup lookup;
    lookup.heap = table_open(catalog_table(table), AccessShareLock);
    lookup.index = index_open(catalog_table(index), AccessShareLock);
#if PG_VERSION_NUM >= 180000
    lookup.scan = index_beginscan(lookup.heap, lookup.index, GetActiveSnapshot(), nullptr, 2, 0);
#else
    lookup.scan = index_beginscan(lookup.heap, lookup.index, GetActiveSnapshot(), 2, 0);
#endif
    lookup.slot = table_slot_create(lookup.heap, nullptr);
    return lookup;
}

void close_lookup(Lookup& lookup) {
    ExecDropSingleTupleTableSlot(lookup.slot);
    index_endscan(lookup.scan);
    index_close(lookup.index, AccessShareLock);
    table_close(lookup.heap, AccessShareLock);
}

// First row with model_id = `model` and second key column `strategy` the given value, in the
// direction given.
bool find(Lookup& lookup, std::int32_t model, StrategyNumber strategy, RegProcedure compare,
          Datum value, ScanDirection direction) {
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(model));
    ScanKeyInit(&keys[1], 2, strategy, compare, value);
    index_rescan(lookup.scan, keys, 2, nullptr, 0);
    return index_getnext_slot(lookup.scan, direction, lookup.slot);
}

// A one-dimensional array of fixed-width elements, copied out of the page it lies in.
template <typename T>
const T* array_column(TupleTableSlot* slot, AttrNumber column, int* count) {
    bool null;
    Datum const value = slot_getattr(slot, column, &null);
    if (null) {
        *count = 0;
        return nullptr;
    }
    ArrayType* array = DatumGetArrayTypePCopy(value);
    *count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    if (ARR_HASNULL(array) ||
        VARSIZE(array) < ARR_DATA_OFFSET(array) + sizeof(T) * static_cast<std::size_t>(*count)) {
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                        errmsg("knowhow: a model row holds a damaged array"),
                        errhint("Train the recommender again.")));
    }
    return reinterpret_cast<const T*>(ARR_DATA_PTR(array));
}

std::int32_t int4_column(TupleTableSlot* slot, AttrNumber column) {
    bool null;
    return DatumGetInt32(slot_getattr(slot, column, &null));
}

void require_same_length(int left, int right) {
    if (left != right) {
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                        errmsg("knowhow: a model row holds arrays of %d and %d elements", left,
                               right),
                        errhint("Train the recommender again.")));
    }
}

void block_from_slot(TupleTableSlot* slot, PositionBlock* block) {
    std::int32_t const number = int4_column(slot, 2);
    if (number < 0 || number > PG_INT32_MAX / kPositionsPerBlock - 1) {
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                        errmsg("knowhow: a model has a block of positions numbered %d", number),
                        errhint("Train the recommender again.")));
    }
    block->first_position = number * kPositionsPerBlock;
    block->snippet_ids = array_column<std::int64_t>(slot, 4, &block->count);
    int lengths[4];
    block->popularity = array_column<float>(slot, 5, &lengths[0]);
    block->by_popularity = array_column<std::int32_t>(slot, 6, &lengths[1]);
    block->trending = array_column<float>(slot, 7, &lengths[2]);
    block->by_trending = array_column<std::int32_t>(slot, 8, &lengths[3]);
    for (int length : lengths) {
        require_same_length(block->count, length);
    }
    if (block->count > kPositionsPerBlock) {
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                        errmsg("knowhow: a model row holds %d positions, more than %d",
                               block->count, kPositionsPerBlock),
                        errhint("Train the recommender again.")));
    }
}

// A block that is kept, with all it points to.
struct KeptBlock {
    PositionBlock block;
    std::int64_t snippet_ids[kPositionsPerBlock];
    float popularity[kPositionsPerBlock];
    std::int32_t by_popularity[kPositionsPerBlock];
    float trending[kPositionsPerBlock];
    std::int32_t by_trending[kPositionsPerBlock];
};

// The order of a snippet's id among numbers without a sign.
std::uint64_t key_of(std::int64_t snippet_id) {
    return static_cast<std::uint64_t>(snippet_id) ^ std::uint64_t{1} << 63U;
}

// Where among the kept blocks the one stands, or would, that begins at this position.
int place_of(KeptRows& kept, std::int64_t first_position) {
    return first_kept(kept, [=](const KeptRow& other) {
        return kept_row<KeptBlock>(other).block.first_position < first_position;
    });
}

// The block that starts at or below the id and ends at or above it, or NULL where none is kept.
const PositionBlock* kept_block_of(KeptRows& kept, std::int64_t snippet_id) {
    std::uint64_t const key = key_of(snippet_id);
    int const above = first_kept(kept, [=](const KeptRow& other) { return other.first <= key; });
    return above > 0 && kept.rows[above - 1].last >= key
               ? &kept_row<KeptBlock>(kept.rows[above - 1]).block
               : nullptr;
}

void keep_block(KeptRows& kept, const PositionBlock& block) {
    int const place = place_of(kept, block.first_position);
    if (block.count == 0 ||
        (place < kept.count && kept_row<KeptBlock>(kept.rows[place]).block.first_position ==
                                   block.first_position)) {
        return;
    }
    KeptBlock* const row = static_cast<KeptBlock*>(allocate_kept(kept, sizeof(KeptBlock)));
    if (row == nullptr) {
        return;
    }
    std::copy_n(block.snippet_ids, block.count, row->snippet_ids);
    std::copy_n(block.popularity, block.count, row->popularity);
    std::copy_n(block.by_popularity, block.count, row->by_popularity);
    std::copy_n(block.trending, block.count, row->trending);
    std::copy_n(block.by_trending, block.count, row->by_trending);
    row->block = {block.first_position, block.count, row->snippet_ids, row->popularity,
                  row->by_popularity, row->trending, row->by_trending};
    add_kept(kept, place,
             {key_of(block.snippet_ids[0]), key_of(block.snippet_ids[block.count - 1]), row});
}

}  // namespace

struct ModelReader {
    std::int32_t model_id;
    Lookup items;
    Lookup blocks;
    Lookup blocks_by_snippet;
};

ModelReader* open_model_reader(std::int32_t model_id) {
    ModelReader* reader = static_cast<ModelReader*>(palloc(sizeof(ModelReader)));
    reader->model_id = model_id;
    reader->items = open_lookup("model_items", "model_items_pkey");
    reader->blocks = open_lookup("model_positions", "model_positions_pkey");
    reader->blocks_by_snippet =
        open_lookup("model_positions", "model_positions_first_snippet_id_key");
    return reader;
}

void close_model_reader(ModelReader* reader) {
    close_lookup(reader->items);
    close_lookup(reader->blocks);
    close_lookup(reader->blocks_by_snippet);
    pfree(reader);
}

bool read_item_row(ModelReader* reader, std::int64_t snippet_id, ItemRow* row) {
    if (!find(reader->items, reader->model_id, BTEqualStrategyNumber, F_INT8EQ,
              Int64GetDatum(snippet_id), ForwardScanDirection)) {
        return false;
    }
    TupleTableSlot* slot = reader->items.slot;
    int weights;
    row->position = int4_column(slot, 3);
    row->targets = array_column<std::int32_t>(slot, 4, &row->count);
    row->weights = array_column<float>(slot, 5, &weights);
    require_same_length(row->count, weights);
    return true;
}

bool read_block(ModelReader* reader, std::int32_t block, PositionBlock* found) {
    KeptRows& kept = kept_rows(RelationGetRelid(reader->blocks.heap), reader->model_id);
    std::int64_t const first_position = std::int64_t{block} * kPositionsPerBlock;
    int const place = place_of(kept, first_position);
    if (place < kept.count &&
        kept_row<KeptBlock>(kept.rows[place]).block.first_position == first_position) {
        *found = kept_row<KeptBlock>(kept.rows[place]).block;
        return true;
    }
    if (!find(reader->blocks, reader->model_id, BTEqualStrategyNumber, F_INT4EQ,
              Int32GetDatum(block), ForwardScanDirection)) {
        return false;
    }
    block_from_slot(reader->blocks.slot, found);
    keep_block(kept, *found);
    return true;
}

bool read_block_of_snippet(ModelReader* reader, std::int64_t snippet_id, PositionBlock* found) {
    KeptRows& kept = kept_rows(RelationGetRelid(reader->blocks_by_snippet.heap), reader->model_id);
    if (const PositionBlock* const block = kept_block_of(kept, snippet_id)) {
        *found = *block;
        return true;
    }
    if (!find(reader->blocks_by_snippet, reader->model_id, BTLessEqualStrategyNumber, F_INT8LE,
              Int64GetDatum(snippet_id), BackwardScanDirection)) {
        return false;
    }
    block_from_slot(reader->blocks_by_snippet.slot, found);
    keep_block(kept, *found);
    return true;
}

}  // namespace knowhow::server
