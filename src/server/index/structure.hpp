// The index's structure, that is which segments it has and where its fresh area begins: who may
// change it, and the one record that does.
//
// Scans never wait for a change. They read the metapage once and follow it; what it named stays as
// it was until no snapshot of before the change is left (free_pages.hpp).
#pragma once

#include "server/index/metapage.hpp"

namespace knowhow::server::index {

// Parts that one process at a time may change, under heavyweight locks, which an error or the end
// of the transaction releases. Who takes several takes them in this order.
enum class Part : OffsetNumber {
    kSegments = 1,  // to take a segment away, or to mark rows of one; a new one needs no lock
    kFresh = 2,     // to take pages from the fresh area, or to mark rows there; adding needs none
    kUnlinked = 3,  // shared: writes pages before anything leads to them; sweep() takes it alone
};
void lock_part(Relation index, Part part, LOCKMODE mode);
bool try_lock_part(Relation index, Part part);  // exclusively
void unlock_part(Relation index, Part part, LOCKMODE mode);

struct Change {
    // Segments that go, by generation.
    uint64 removed[kMostSegments];
    uint32 removed_count;
    // The one that comes, if any.
    bool adds;
    SegmentEntry added;
    // What leaves the fresh area: everything before `head`, unless pages is 0.
    FreshArea flushed;  // head, head_generation: where it begins now; the rest: how much leaves
};

// All of it in one record. Raises an error where a segment that goes is not there, and where there
// is no room for the one that comes.
void publish(Relation index, const Change& change);

}  // namespace knowhow::server::index
