#include "server/index/structure.hpp"

extern "C" {
#include <access/generic_xlog.h>
#include <storage/lmgr.h>
}

namespace knowhow::server::index {
namespace {

// The lock is that of a line pointer which the metapage, having none, does not need. Locks on whole
// pages would do, but the server allows no other lock to be taken while one of those is held.
ItemPointerData place_of(Part part) {
    ItemPointerData place;
    ItemPointerSet(&place, kMetaBlock, static_cast<OffsetNumber>(part));
    return place;
}

void remove_segment(Relation index, Meta* meta, uint64 generation) {
    for (uint32 i = 0; i < meta->segment_count; ++i) {
        if (meta->segments[i].generation == generation) {
            --meta->segment_count;
            memmove(&meta->segments[i], &meta->segments[i + 1],
                    (meta->segment_count - i) * sizeof(SegmentEntry));
            memset(&meta->segments[meta->segment_count], 0, sizeof(SegmentEntry));
            return;
        }
    }
    report_damage(index, kMetaBlock, "a segment went away while it was being merged");
}

}  // namespace

void lock_part(Relation index, Part part, LOCKMODE mode) {
    ItemPointerData place = place_of(part);
    LockTuple(index, &place, mode);
}

bool try_lock_part(Relation index, Part part) {
    ItemPointerData place = place_of(part);
#if PG_VERSION_NUM >= 180000
    return ConditionalLockTuple(index, &place, ExclusiveLock, false);
#else
    return ConditionalLockTuple(index, &place, ExclusiveLock);
#endif
}

void unlock_part(Relation index, Part part, LOCKMODE mode) {
    ItemPointerData place = place_of(part);
    UnlockTuple(index, &place, mode);
}

void publish(Relation index, const Change& change) {
    Buffer const buffer = lock_meta(index);
    GenericXLogState* const log = GenericXLogStart(index);
    Meta* const meta = meta_of(index, GenericXLogRegisterBuffer(log, buffer, 0));
    for (uint32 i = 0; i < change.removed_count; ++i) {
        remove_segment(index, meta, change.removed[i]);
    }
    if (change.adds) {
        if (meta->segment_count == kMostSegments) {
            report_damage(index, kMetaBlock, "it has no room for another segment");
        }
        meta->segments[meta->segment_count++] = change.added;
    }
    FreshArea const& flushed = change.flushed;
    if (flushed.pages > 0) {
        if (flushed.pages >= meta->fresh.pages || flushed.rows > meta->fresh.rows ||
            flushed.bytes > meta->fresh.bytes) {
            report_damage(index, kMetaBlock, "it counts fewer fresh rows than there are");
        }
        meta->fresh.head = flushed.head;
        meta->fresh.head_generation = flushed.head_generation;
        meta->fresh.pages -= flushed.pages;
        meta->fresh.rows -= flushed.rows;
        meta->fresh.bytes -= flushed.bytes;
    }
    GenericXLogFinish(log);
    UnlockReleaseBuffer(buffer);
}

}  // namespace knowhow::server::index
