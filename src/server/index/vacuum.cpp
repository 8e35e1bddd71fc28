// VACUUM: marks rows that are dead to everybody, and puts the index in order.
#include "server/index/callbacks.hpp"

extern "C" {
#include <access/generic_xlog.h>
#include <commands/vacuum.h>
}

#include <algorithm>
#include <vector>

#include "engine/search/segment.hpp"
#include "server/border/border.hpp"
#include "server/index/flush.hpp"
#include "server/index/free_pages.hpp"
#include "server/index/fresh.hpp"
#include "server/index/merge.hpp"
#include "server/index/options.hpp"
#include "server/index/naming_damage.hpp"
#include "server/index/segment_pages.hpp"
#include "server/index/structure.hpp"

namespace knowhow::server::index {
namespace {

void vacuum_delay() {
#if PG_VERSION_NUM >= 180000
    vacuum_delay_point(false);
#else
    vacuum_delay_point();
#endif
}

// Sleeps as VACUUM does. No lock is held meanwhile for which an insert would wait.
class VacuumMonitor : public InterruptMonitor {
  public:
    void poll() override {
        guarded([] { vacuum_delay(); });
    }
};

// Marks the rows of one page whose chunks begin at these offsets. Rows do not move, so the offsets
// stay good while the page is unlocked. The count in the metapage goes along in the same record.
void mark_deleted(Relation index, BlockNumber block, uint64 generation, const uint16* offsets,
                  int count, BufferAccessStrategy strategy) {
    Buffer const meta_buffer = lock_meta(index);
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

// Sets the deleted bits of rows of one page of a segment, and counts them in the same record.
void set_bits(Relation index, uint32 segment, BlockNumber block, uint64 generation,
              const search::Segment::BitPlace* places, uint32 count) {
    Buffer const meta_buffer = lock_meta(index);
    Buffer const buffer = ReadBuffer(index, block);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    check_page(index, block, BufferGetPage(buffer), Kind::kSegment, generation);
    GenericXLogState* const log = GenericXLogStart(index);
    Meta* const meta = meta_of(index, GenericXLogRegisterBuffer(log, meta_buffer, 0));
    if (segment >= meta->segment_count || meta->segments[segment].generation != generation) {
        report_damage(index, kMetaBlock, "a segment went away while VACUUM was reading it");
    }
    Page const page = GenericXLogRegisterBuffer(log, buffer, 0);
    for (uint32 i = 0; i < count; ++i) {
        if (places[i].offset >= payload_used(page)) {
            report_damage(index, block, "it has no bit for a row");
        }
        payload(page)[places[i].offset] |= static_cast<char>(places[i].mask);
    }
    meta->segments[segment].deleted += count;
    GenericXLogFinish(log);
    UnlockReleaseBuffer(buffer);
    UnlockReleaseBuffer(meta_buffer);
}

// Asks about the fresh rows that are not deleted yet.
void vacuum_fresh(IndexVacuumInfo* info, const Meta& meta, IndexBulkDeleteResult* result,
                  IndexBulkDeleteCallback callback, void* state) {
    Relation const index = info->index;
    BlockNumber block = meta.fresh.head;
    uint64 generation = meta.fresh.head_generation;
    char* const page = static_cast<char*>(palloc(BLCKSZ));
    uint16* const dead = static_cast<uint16*>(palloc(BLCKSZ));
    BlockNumber pages = 0;
    BlockNumber blocks = RelationGetNumberOfBlocks(index);
    while (block != InvalidBlockNumber) {
        vacuum_delay();
        if (++pages > blocks) {
            // Pages were added meanwhile, or the chain is a circle.
            blocks = RelationGetNumberOfBlocks(index);
            if (pages > blocks) {
                report_damage(index, block, "the chain of fresh pages has no end");
            }
        }
        if (!read_fresh_page(index, block, generation, page, &blocks, info->strategy)) {
            report_damage(index, block, "the page is not the fresh one that was expected");
        }
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
}

// VACUUM flushes less than an insert would, but not so little that each run leaves a tiny segment.
constexpr uint32 kLeastPagesToFlush = 8;

// Rows looked at in one go.
constexpr uint32 kRowsAtOnce = 4096;

// Asks about the rows of a segment that are not deleted yet. Engine code.
void vacuum_segment(Relation index, uint32 number, const SegmentEntry& entry,
                    IndexBulkDeleteResult* result, IndexBulkDeleteCallback callback, void* state) {
    SegmentReader reader(index, entry);
    search::Segment const segment(reader);
    std::vector<search::Tid> tids(kRowsAtOnce);
    std::vector<std::uint8_t> flags(kRowsAtOnce);
    std::vector<search::Segment::BitPlace> places;
    for (uint32 first = 0; first < segment.rows(); first += kRowsAtOnce) {
        uint32 const count = std::min(kRowsAtOnce, segment.rows() - first);
        segment.read_tids(first, std::span(tids).first(count));
        segment.read_deleted(first, std::span(flags).first(count));
        guarded([&] {
            vacuum_delay();
            for (uint32 i = 0; i < count; ++i) {
                if (flags[i] != 0) {
                    flags[i] = 0;
                    continue;
                }
                ItemPointerData pointer;
                ItemPointerSet(&pointer, search::tid_block(tids[i]), search::tid_line(tids[i]));
                flags[i] = callback(&pointer, state) ? 1 : 0;
                (flags[i] != 0 ? result->tuples_removed : result->num_index_tuples) += 1;
            }
        });
        for (uint32 i = 0; i < count;) {
            // Those whose bits are on the same page.
            places.clear();
            search::PageNumber page = search::kNoPage;
            for (; i < count; ++i) {
                if (flags[i] == 0) {
                    continue;
                }
                search::Segment::BitPlace const place = segment.deleted_bit(first + i);
                if (!places.empty() && place.page != page) {
                    break;
                }
                page = place.page;
                places.push_back(place);
            }
            if (!places.empty()) {
                BlockNumber const block = reader.block(page);
                guarded([&] {
                    set_bits(index, number, block, entry.generation, places.data(),
                             static_cast<uint32>(places.size()));
                });
            }
        }
    }
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
    // The fresh rows first: one that a flush makes part of a segment later was looked at here, and
    // the segments of now stay, each in its place.
    lock_part(index, Part::kSegments, ExclusiveLock);
    lock_part(index, Part::kFresh, ExclusiveLock);
    Meta const meta = read_meta(index);
    vacuum_fresh(info, meta, result, callback, state);
    unlock_part(index, Part::kFresh, ExclusiveLock);
    for (uint32 i = 0; i < meta.segment_count; ++i) {
        engine([&] {
            naming_damage(index, [&] {
                vacuum_segment(index, i, meta.segments[i], result, callback, state);
            });
        });
    }
    unlock_part(index, Part::kSegments, ExclusiveLock);
    return result;
}

IndexBulkDeleteResult* vacuum_cleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* result) {
    Relation const index = info->index;
    if (info->analyze_only) {
        return result;
    }
    bool const counted = result != nullptr;
    result = result_for(info, result);
    lock_part(index, Part::kSegments, ExclusiveLock);
    lock_part(index, Part::kFresh, ExclusiveLock);
    Meta meta = read_meta(index);
    if (meta.fresh.pages >= std::min(kLeastPagesToFlush, fresh_pages(index))) {
        engine([&] {
            VacuumMonitor monitor;
            flush(index, maintenance_work_mem, monitor);
        });
    }
    unlock_part(index, Part::kFresh, ExclusiveLock);
    engine([&] {
        VacuumMonitor monitor;
        search::MergeLimits limits;
        limits.tidy = true;
        limits.segments = kMostSegments - search::kMergeFactor;
        while (merge(index, limits, monitor)) {
        }
    });
    // Long rows wait for this, and it never sleeps.
    lock_part(index, Part::kFresh, ExclusiveLock);
    lock_part(index, Part::kUnlinked, ExclusiveLock);
    Swept const swept = sweep(index, info->strategy);
    unlock_part(index, Part::kUnlinked, ExclusiveLock);
    unlock_part(index, Part::kFresh, ExclusiveLock);
    unlock_part(index, Part::kSegments, ExclusiveLock);
    result->num_pages = RelationGetNumberOfBlocks(index);
    result->pages_newly_deleted += swept.freed;
    result->pages_deleted = swept.free;
    result->pages_free = swept.reusable;
    if (!counted) {
        meta = read_meta(index);
        result->num_index_tuples = static_cast<double>(meta.fresh.rows);
        for (uint32 i = 0; i < meta.segment_count; ++i) {
            result->num_index_tuples += meta.segments[i].rows - meta.segments[i].deleted;
        }
    }
    return result;
}

}  // namespace knowhow::server::index
