// CREATE INDEX.
#include "server/index/callbacks.hpp"

extern "C" {
#include <access/generic_xlog.h>
#include <access/xloginsert.h>
#include <miscadmin.h>
}

#include "server/index/build_part.hpp"
#include "server/index/free_pages.hpp"
#include "server/index/parallel_build.hpp"
#include "server/index/segment_maps.hpp"
#include "server/index/structure.hpp"

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

}  // namespace

IndexBuildResult* build(Relation heap, Relation index, IndexInfo* info) {
    show_build_phase(BuildPhase::kInitializing);
    forget_segment_maps(index);
    write_meta(index);
    BuiltPart* const parts = static_cast<BuiltPart*>(palloc(kMostBuildParts * sizeof(BuiltPart)));
    int const workers = build_workers(heap, index, info);
    int count = workers > 0 ? build_parallel(heap, index, info, workers, parts) : 0;
    if (count == 0) {
        parts[count++] = build_part(heap, index, info, nullptr, maintenance_work_mem, true);
    }
    IndexBuildResult* const result =
        static_cast<IndexBuildResult*>(palloc0(sizeof(IndexBuildResult)));
    for (int i = 0; i < count; ++i) {
        if (parts[i].adds) {
            Change change;
            memset(&change, 0, sizeof change);
            change.adds = true;
            change.added = parts[i].entry;
            publish(index, change);
        }
        result->heap_tuples += parts[i].scanned;
        result->index_tuples += parts[i].indexed;
    }
    pfree(parts);
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
