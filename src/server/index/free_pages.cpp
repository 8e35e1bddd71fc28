#include "server/index/free_pages.hpp"

extern "C" {
#include <access/generic_xlog.h>
#include <access/transam.h>
#include <access/xact.h>
#include <storage/freespace.h>
#include <storage/indexfsm.h>
#include <storage/lmgr.h>
#include <storage/proc.h>
#include <utils/snapmgr.h>
}

#include <algorithm>

#include "server/index/free_at_commit.hpp"
#include "server/index/fresh.hpp"
#include "server/index/segment_maps.hpp"
#include "server/index/structure.hpp"

namespace knowhow::server::index {
namespace {

// Free pages that are looked at for one that may be used again, and how many pages a transaction then
// takes from the end at once where none may.
constexpr int kMostTries = 128;
constexpr int kSparedAfter = 64;

// Whether the page is of this generation, unless that is 0; raises an error unless it is a page of a
// tfidf index.
bool is_sound(Relation index, BlockNumber block, Page page, uint64 generation) {
    is_of_generation(index, block, page, Kind::kSegment, generation);
    return generation == 0 || special(page)->generation == generation;
}

bool is_free(Relation index, BlockNumber block, Page page) {
    // A page that was never written: who extended the index failed before.
    if (PageIsNew(page)) {
        return true;
    }
    is_sound(index, block, page, 0);
    return special(page)->freed_at != 0;
}

bool is_reusable(Page page) {
    // As of the whole cluster's snapshots: nothing narrower is known for an index in all versions.
    return PageIsNew(page) || GlobalVisCheckRemovableFullXid(
                                  nullptr, FullTransactionIdFromU64(special(page)->freed_at));
}

BlockNumber blocks_of(Relation index) {
    // Who extends holds the new page's lock before this lock ends, so all below are written, or
    // locked, or left by somebody who failed.
    LockRelationForExtension(index, ExclusiveLock);
    BlockNumber const blocks = RelationGetNumberOfBlocks(index);
    UnlockRelationForExtension(index, ExclusiveLock);
    return blocks;
}

// One bit a block.
class Reached {
  public:
    explicit Reached(BlockNumber blocks)
        : blocks_(blocks),
          bits_(static_cast<uint8*>(MemoryContextAllocExtended(
              CurrentMemoryContext, blocks / 8 + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO))) {}

    // Raises an error where something led here before.
    void add(Relation index, BlockNumber block) {
        if (block >= blocks_) {
            report_damage(index, block, "the index has no such block");
        }
        uint8 const bit = static_cast<uint8>(1 << block % 8);
        if ((bits_[block / 8] & bit) != 0) {
            report_damage(index, block, "the page belongs to two parts of the index");
        }
        bits_[block / 8] |= bit;
    }
    bool has(BlockNumber block) const { return (bits_[block / 8] & 1 << block % 8) != 0; }
    void free() { pfree(bits_); }

  private:
    BlockNumber blocks_;
    uint8* bits_;
};

// Up to the pages that were linked since the metapage was read.
void reach_fresh(Relation index, const Meta& meta, BlockNumber blocks, Reached* reached,
                 BufferAccessStrategy strategy) {
    char* const page = static_cast<char*>(palloc(BLCKSZ));
    BlockNumber blocks_now = blocks;
    BlockNumber block = meta.fresh.head;
    uint64 generation = meta.fresh.head_generation;
    while (block != InvalidBlockNumber && generation < meta.next_generation) {
        CHECK_FOR_INTERRUPTS();
        if (!read_fresh_page(index, block, generation, page, &blocks_now, strategy)) {
            report_damage(index, block, "the page is not the fresh one that was expected");
        }
        if (block < blocks) {
            reached->add(index, block);
        }
        block = special(page)->next;
        generation = special(page)->next_generation;
    }
    pfree(page);
}

void reach_segment(Relation index, const SegmentEntry& entry, Reached* reached,
                   BufferAccessStrategy strategy) {
    BlockNumber blocks = 0;
    BlockNumber map = entry.map;
    for (Size done = 0; done < entry.pages;) {
        CHECK_FOR_INTERRUPTS();
        require_block(index, map, &blocks);
        Buffer const buffer = ReadBufferExtended(index, MAIN_FORKNUM, map, RBM_NORMAL, strategy);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        MapPage const page = map_page(index, map, BufferGetPage(buffer), entry, done);
        if (page.blocks == nullptr) {
            report_damage(index, map, "the page is not the map's that was expected");
        }
        reached->add(index, map);
        for (Size i = 0; i < page.count; ++i) {
            reached->add(index, page.blocks[i]);
        }
        done += page.count;
        map = page.next;
        UnlockReleaseBuffer(buffer);
    }
}

// What a snapshot's xmin must have passed, so that the pages may be used again. Whoever may be on its
// way to them has taken its snapshot before, and so before this transaction's end: its xmin is not
// beyond the id of that. VACUUM's id, should it have one, is no part of snapshots.
uint64 freed_now() {
    FullTransactionId const own = GetTopFullTransactionIdIfAny();
    bool const counts =
        FullTransactionIdIsValid(own) && (MyProc->statusFlags & PROC_IN_VACUUM) == 0;
    return U64FromFullTransactionId(counts ? own : ReadNextFullTransactionId());
}

void mark(Relation index, const BlockNumber* blocks, Size count, uint64 generation) {
    uint64 const now = freed_now();
    for (Size done = 0; done < count;) {
        CHECK_FOR_INTERRUPTS();
        Buffer buffers[MAX_GENERIC_XLOG_PAGES];
        int taken = 0;
        GenericXLogState* const log = GenericXLogStart(index);
        for (; taken < MAX_GENERIC_XLOG_PAGES && done < count; ++taken, ++done) {
            buffers[taken] = ReadBuffer(index, blocks[done]);
            LockBuffer(buffers[taken], BUFFER_LOCK_EXCLUSIVE);
            Page const page = GenericXLogRegisterBuffer(log, buffers[taken], 0);
            if (blocks[done] == kMetaBlock ||
                !is_sound(index, blocks[done], page, generation)) {
                report_damage(index, blocks[done], "another part of the index led to the page");
            }
            special(page)->freed_at = now;
        }
        GenericXLogFinish(log);
        for (int i = 0; i < taken; ++i) {
            UnlockReleaseBuffer(buffers[i]);
        }
    }
}

}  // namespace

Buffer extend(Relation index) {
    // Under the lock also where the relation is our own: another session may look at it.
#if PG_VERSION_NUM >= 160000
    return ExtendBufferedRel(BMR_REL(index), MAIN_FORKNUM, nullptr, EB_LOCK_FIRST);
#else
    LockRelationForExtension(index, ExclusiveLock);
    Buffer const buffer = ReadBuffer(index, P_NEW);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    UnlockRelationForExtension(index, ExclusiveLock);
    return buffer;
#endif
}

Buffer allocate(Relation index) {
    // The map knows no order of time, and names pages that were freed together one after the other.
    // Where an old snapshot holds back one, it holds back others, and does so for a while.
    static TransactionId transaction = InvalidTransactionId;
    static int spared = 0;
    spared = transaction == GetTopTransactionIdIfAny() ? std::max(0, spared - 1) : 0;
    if (spared > 0) {
        return extend(index);
    }
    CHECK_FOR_INTERRUPTS();  // not below, where the map lacks what is put back in the end
    BlockNumber not_now[kMostTries];
    int count = 0;
    Buffer buffer = InvalidBuffer;
    for (int tries = 0; tries < kMostTries && !BufferIsValid(buffer); ++tries) {
        BlockNumber const block = GetFreeIndexPage(index);
        // The map is not crash-safe: it may name blocks that are in use, or were never there.
        if (block == InvalidBlockNumber || block >= RelationGetNumberOfBlocks(index)) {
            break;
        }
        if (block == kMetaBlock) {
            continue;
        }
        buffer = ReadBuffer(index, block);
        if (!ConditionalLockBuffer(buffer)) {
            ReleaseBuffer(buffer);  // somebody else takes it, or only looks at it
            buffer = InvalidBuffer;
            not_now[count++] = block;
            continue;
        }
        bool const free = is_free(index, block, BufferGetPage(buffer));
        if (free && is_reusable(BufferGetPage(buffer))) {
            break;
        }
        UnlockReleaseBuffer(buffer);
        buffer = InvalidBuffer;
        if (free) {
            not_now[count++] = block;
        }
    }
    // Where the map was searched in vain, it shows them when pages are told of the next time.
    for (int i = 0; i < count; ++i) {
        RecordFreeIndexPage(index, not_now[i]);
    }
    if (BufferIsValid(buffer)) {
        return buffer;
    }
    if (count == kMostTries) {
        transaction = GetTopTransactionIdIfAny();
        spared = kSparedAfter;
    }
    return extend(index);
}

void give_back(Relation index, Buffer buffer) {
    BlockNumber const block = BufferGetBlockNumber(buffer);
    UnlockReleaseBuffer(buffer);
    RecordFreeIndexPage(index, block);
}

void mark_free(Relation index, const BlockNumber* blocks, Size count, uint64 generation) {
    mark(index, blocks, count, generation);
    tell_at_commit(index, blocks, count);
}

Swept sweep(Relation index, BufferAccessStrategy strategy) {
    Swept swept = {0, 0, 0};
    BlockNumber const blocks = blocks_of(index);
    // Pages that are written from now on have this generation or a later one.
    Meta const meta = read_meta(index);
    Reached reached(blocks);
    reached.add(index, kMetaBlock);
    for (uint32 i = 0; i < meta.segment_count; ++i) {
        reach_segment(index, meta.segments[i], &reached, strategy);
    }
    reach_fresh(index, meta, blocks, &reached, strategy);
    for (BlockNumber block = 0; block < blocks; ++block) {
        CHECK_FOR_INTERRUPTS();
        if (reached.has(block)) {
            continue;
        }
        Buffer const buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page const page = BufferGetPage(buffer);
        bool const free = is_free(index, block, page);
        bool const lost = !free && special(page)->generation < meta.next_generation;
        bool const reusable = free && is_reusable(page);
        UnlockReleaseBuffer(buffer);
        if (lost) {
            mark(index, &block, 1, 0);
            ++swept.freed;
        }
        if (free || lost) {
            ++swept.free;
            swept.reusable += reusable ? 1 : 0;
            RecordFreeIndexPage(index, block);
        }
    }
    IndexFreeSpaceMapVacuum(index);
    told_already(index);
    reached.free();
    return swept;
}

}  // namespace knowhow::server::index
