#include "server/index/free_at_commit.hpp"

extern "C" {
#include <access/relation.h>
#include <access/xact.h>
#include <storage/indexfsm.h>
#include <storage/lmgr.h>
#include <utils/memutils.h>
}

#include <algorithm>

namespace knowhow::server::index {
namespace {

struct Freed {
    Oid index;
    Oid file;  // another one after REINDEX
    BlockNumber* blocks;
    Size count;
    Size room;
    Freed* next;
};

// In the transaction's memory.
Freed* all_freed = nullptr;

void tell(const Freed& freed) {
    // The index may be gone, or another file, by this transaction or since a savepoint was rolled
    // back. Nobody waits here: what is not told now VACUUM finds.
    if (freed.count == 0 || !ConditionalLockRelationOid(freed.index, RowExclusiveLock)) {
        return;
    }
    Relation const index = try_relation_open(freed.index, NoLock);
    if (index == nullptr) {
        UnlockRelationOid(freed.index, RowExclusiveLock);
        return;
    }
    if (index->rd_rel->relfilenode == freed.file) {
        for (Size i = 0; i < freed.count; ++i) {
            RecordFreeIndexPage(index, freed.blocks[i]);
        }
        IndexFreeSpaceMapVacuum(index);
    }
    relation_close(index, RowExclusiveLock);
}

void at_end_of_transaction(XactEvent event, void*) {
    switch (event) {
        case XACT_EVENT_PRE_COMMIT:
        case XACT_EVENT_PARALLEL_PRE_COMMIT:
        case XACT_EVENT_PRE_PREPARE:
            // A cancel comes too late: the transaction is done, and the map only advises.
            HOLD_INTERRUPTS();
            for (const Freed* freed = all_freed; freed != nullptr; freed = freed->next) {
                tell(*freed);
            }
            RESUME_INTERRUPTS();
            break;
        default:
            break;
    }
    all_freed = nullptr;
}

// NULL where nothing of it was freed.
Freed* find_freed(Relation index) {
    Freed* freed = all_freed;
    while (freed != nullptr && (freed->index != RelationGetRelid(index) ||
                                freed->file != index->rd_rel->relfilenode)) {
        freed = freed->next;
    }
    return freed;
}

Freed* add_freed(Relation index) {
    Freed* const freed =
        static_cast<Freed*>(MemoryContextAllocZero(TopTransactionContext, sizeof(Freed)));
    freed->index = RelationGetRelid(index);
    freed->file = index->rd_rel->relfilenode;
    freed->next = all_freed;
    all_freed = freed;
    return freed;
}

}  // namespace

void tell_at_commit(Relation index, const BlockNumber* blocks, Size count) {
    static bool registered = false;
    if (!registered) {
        RegisterXactCallback(at_end_of_transaction, nullptr);
        registered = true;
    }
    Freed* freed = find_freed(index);
    if (freed == nullptr) {
        freed = add_freed(index);
    }
    if (freed->count + count > freed->room) {
        Size const room = std::max<Size>(freed->count + count, 2 * freed->room);
        BlockNumber* const larger = static_cast<BlockNumber*>(MemoryContextAllocHuge(
            TopTransactionContext, room * sizeof(BlockNumber)));
        if (freed->blocks != nullptr) {
            memcpy(larger, freed->blocks, freed->count * sizeof(BlockNumber));
            pfree(freed->blocks);
        }
        freed->blocks = larger;
        freed->room = room;
    }
    memcpy(freed->blocks + freed->count, blocks, count * sizeof(BlockNumber));
    freed->count += count;
}

void told_already(Relation index) {
    if (Freed* const freed = find_freed(index)) {
        freed->count = 0;
    }
}

}  // namespace knowhow::server::index
