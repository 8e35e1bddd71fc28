// One row on its way in, and now and then what many of them leave to do.
#include "server/index/callbacks.hpp"

extern "C" {
#include <miscadmin.h>
}

#include "server/border/border.hpp"
#include "server/index/flush.hpp"
#include "server/index/fresh.hpp"
#include "server/index/merge.hpp"
#include "server/index/options.hpp"
#include "server/index/structure.hpp"

namespace knowhow::server::index {
namespace {

// Nobody waits: where another process is at it already, it is left to that one.
void flush_and_merge(Relation index) {
    if (!try_lock_part(index, Part::kFresh)) {
        return;
    }
    engine([&] {
        InterruptMonitor monitor;
        flush(index, work_mem, monitor);
    });
    unlock_part(index, Part::kFresh, ExclusiveLock);
    if (!try_lock_part(index, Part::kSegments)) {
        return;
    }
    engine([&] {
        InterruptMonitor monitor;
        search::MergeLimits limits;
        limits.rows = kMostRowsAtInsert;
        limits.segments = kMostSegments - search::kMergeFactor;
        merge(index, limits, monitor);
    });
    unlock_part(index, Part::kSegments, ExclusiveLock);
}

}  // namespace

bool insert(Relation index, Datum* values, bool* nulls, ItemPointer tid, Relation, IndexUniqueCheck,
            bool, IndexInfo*) {
    // What is taken here goes with the row: nobody else frees it before the statement ends.
    MemoryContext const context =
        AllocSetContextCreate(CurrentMemoryContext, "tfidf insert", ALLOCSET_DEFAULT_SIZES);
    MemoryContext const before = MemoryContextSwitchTo(context);
    struct varlena* const vector = nulls[0] ? nullptr : PG_DETOAST_DATUM_PACKED(values[0]);
    if (append_fresh(index, tid, vector) >= fresh_pages(index)) {
        flush_and_merge(index);
    }
    MemoryContextSwitchTo(before);
    MemoryContextDelete(context);
    return false;
}

}  // namespace knowhow::server::index
