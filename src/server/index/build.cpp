// CREATE INDEX.
#include "server/index/callbacks.hpp"

extern "C" {
#include <access/generic_xlog.h>
#include <access/tableam.h>
#include <access/xloginsert.h>
}

#include "server/index/fresh.hpp"

namespace knowhow::server::index {
namespace {

void write_meta(Relation index) {
    Buffer const buffer = extend(index);
    if (BufferGetBlockNumber(buffer) != kMetaBlock) {
        elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
    }
    GenericXLogState* const log = GenericXLogStart(index);
    init_meta(GenericXLogRegisterBuffer(log, buffer, GENERIC_XLOG_FULL_IMAGE), measure_of(index));
    GenericXLogFinish(log);
    UnlockReleaseBuffer(buffer);
}

struct Built {
    MemoryContext per_row;
    double rows;
};

void add_row(Relation index, ItemPointer tid, Datum* values, bool* nulls, bool, void* argument) {
    Built* const built = static_cast<Built*>(argument);
    MemoryContext const before = MemoryContextSwitchTo(built->per_row);
    append_fresh(index, tid, nulls[0] ? nullptr : PG_DETOAST_DATUM_PACKED(values[0]));
    MemoryContextSwitchTo(before);
    MemoryContextReset(built->per_row);
    built->rows += 1;
}

}  // namespace

IndexBuildResult* build(Relation heap, Relation index, IndexInfo* info) {
    write_meta(index);
    Built built;
    built.rows = 0;
    built.per_row =
        AllocSetContextCreate(CurrentMemoryContext, "tfidf index build", ALLOCSET_DEFAULT_SIZES);
    double const scanned =
        table_index_build_scan(heap, index, info, true, true, add_row, &built, nullptr);
    MemoryContextDelete(built.per_row);
    IndexBuildResult* const result =
        static_cast<IndexBuildResult*>(palloc(sizeof(IndexBuildResult)));
    result->heap_tuples = scanned;
    result->index_tuples = built.rows;
    return result;
}

void build_empty(Relation index) {
    // The init fork of an unlogged index: logged, because it is what a crash leaves.
    Buffer const buffer = ReadBufferExtended(index, INIT_FORKNUM, P_NEW, RBM_NORMAL, nullptr);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    search::Measure const measure = measure_of(index);
    START_CRIT_SECTION();
    init_meta(BufferGetPage(buffer), measure);
    MarkBufferDirty(buffer);
    log_newpage_buffer(buffer, true);
    END_CRIT_SECTION();
    UnlockReleaseBuffer(buffer);
}

}  // namespace knowhow::server::index
