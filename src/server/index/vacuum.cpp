// VACUUM: marks rows that are dead to everybody.
#include "server/index/callbacks.hpp"

extern "C" {
#include <access/generic_xlog.h>
#include <commands/vacuum.h>
}

#include "server/index/fresh.hpp"

namespace knowhow::server::index {
namespace {

// Marks the rows of one page whose chunks begin at these offsets. Rows do not move, so the offsets
// stay good while the page is unlocked. The count in the metapage goes along in the same record.
void mark_deleted(Relation index, BlockNumber block, uint64 generation, const uint16* offsets,
                  int count, BufferAccessStrategy strategy) {
    Buffer const meta_buffer = ReadBuffer(index, kMetaBlock);
    LockBuffer(meta_buffer, BUFFER_LOCK_EXCLUSIVE);
    Buffer const buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    check_page(index, block, BufferGetPage(buffer), Kind::kFresh, generation);
    GenericXLogState* const log = GenericXLogStart(index);
    Meta* const meta = meta_of(index, GenericXLogRegisterBuffer(log, meta_buffer, 0));
    Page const page = GenericXLogRegisterBuffer(log, buffer, 0);
    for (int i = 0; i < count; ++i) {
        ChunkHead head = chunk_at(page, offsets[i]);
        head.flags |= kChunkDeleted;
        memcpy(payload(page) + offsets[i], &head, sizeof head);
    }
    meta->fresh.rows -= static_cast<uint64>(count);
    GenericXLogFinish(log);
    UnlockReleaseBuffer(buffer);
    UnlockReleaseBuffer(meta_buffer);
}

IndexBulkDeleteResult* result_for(IndexVacuumInfo* info, IndexBulkDeleteResult* result) {
    if (result == nullptr) {
        result = static_cast<IndexBulkDeleteResult*>(palloc0(sizeof(IndexBulkDeleteResult)));
    }
    result->num_pages = RelationGetNumberOfBlocks(info->index);
    result->estimated_count = false;
    return result;
}

}  // namespace

IndexBulkDeleteResult* bulk_delete(IndexVacuumInfo* info, IndexBulkDeleteResult* result,
                                   IndexBulkDeleteCallback callback, void* state) {
    Relation const index = info->index;
    result = result_for(info, result);
    result->num_index_tuples = 0;
    Meta const meta = read_meta(index);
    BlockNumber block = meta.fresh.head;
    uint64 generation = meta.fresh.head_generation;
    char* const page = static_cast<char*>(palloc(BLCKSZ));
    uint16* const dead = static_cast<uint16*>(palloc(BLCKSZ));
    BlockNumber pages = 0;
    while (block != InvalidBlockNumber) {
        vacuum_delay_point(
#if PG_VERSION_NUM >= 180000
            false
#endif
        );
        if (++pages > result->num_pages) {
            // Pages were added meanwhile, or the chain is a circle.
            result->num_pages = RelationGetNumberOfBlocks(index);
            if (pages > result->num_pages) {
                report_damage(index, block, "the chain of fresh pages has no end");
            }
        }
        read_fresh_page(index, block, generation, page, info->strategy);
        int count = 0;
        for (Size offset = 0; offset < payload_used(page);) {
            ChunkHead const head = chunk_at(page, offset);
            if ((head.flags & kChunkFirst) != 0 && (head.flags & kChunkDeleted) == 0) {
                search::Tid const tid = chunk_tid(page, offset);
                ItemPointerData pointer;
                ItemPointerSet(&pointer, search::tid_block(tid), search::tid_line(tid));
                if (callback(&pointer, state)) {
                    dead[count++] = static_cast<uint16>(offset);
                    result->tuples_removed += 1;
                } else {
                    result->num_index_tuples += 1;
                }
            }
            offset = next_chunk(offset, head);
        }
        if (count > 0) {
            mark_deleted(index, block, generation, dead, count, info->strategy);
        }
        generation = special(page)->next_generation;
        block = special(page)->next;
    }
    pfree(dead);
    pfree(page);
    return result;
}

IndexBulkDeleteResult* vacuum_cleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* result) {
    if (info->analyze_only) {
        return result;
    }
    if (result == nullptr) {
        result = result_for(info, result);
        result->num_index_tuples = static_cast<double>(read_meta(info->index).fresh.rows);
    }
    return result;
}

}  // namespace knowhow::server::index
