// What a training is doing, for others to see while it runs.
//
// It stands in this process's slot of PostgreSQL's backend status array, where the progress of
// VACUUM or COPY stands too: visible at once and from outside its transaction, gone with the
// process, the abort of the transaction, or that of a subtransaction. With track_activities = off,
// which workers never have, nothing is shown. Only progress_entries() raises errors: out of memory.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <datatype/timestamp.h>
}

#include <cstddef>
#include <cstdint>

namespace knowhow::server {

enum class Phase : std::int32_t { kQueued = 1, kReading, kLearning, kWriting, kComparing, kTuning };

// "queued", "reading", "learning", "writing", "comparing", "tuning"
const char* phase_name(Phase phase);

// Shows a training of this process, in phase queued; run_id 0: a tuning, which is no run. One at a time: another one, which the code of
// a view starts while the first reads it, takes its place. Ends by progress_end() or by an abort.
void progress_begin(int32 recommender_id, int64 run_id, bool background);
// The next phase begins, with nothing done. total: rows or items; 0: unknown.
void progress_phase(Phase phase, int64 total);
// Done so far of the present phase; costs some 50 ns. Call it at least once a second.
void progress_update(int64 done, int64 total);
// So much more is done.
void progress_advance(int64 more);
// threads: how many may work; memory: bytes that the engine holds.
void progress_resources(int threads, int64 memory_bytes);
void progress_memory(int64 bytes);
void progress_end();

// Whether the training that this process shows runs in the background.
bool progress_in_background();

struct ProgressEntry {
    int pid;
    Oid database;
    int32 recommender_id;
    int64 run_id;  // 0: a tuning
    bool background;
    Phase phase;
    int64 done;
    int64 total;  // 0: unknown
    TimestampTz started_at;        // queued: since when it waits
    TimestampTz phase_started_at;
    int threads;
    int64 memory_bytes;
};

// All trainings of the cluster, as they stand now, in memory of the current context. Returns their
// number. Takes neither a transaction nor a database.
int progress_entries(ProgressEntry** entries);

}  // namespace knowhow::server
