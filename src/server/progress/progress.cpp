#include "server/progress/progress.hpp"

extern "C" {
#include <utils/backend_progress.h>
#include <utils/backend_status.h>
#include <utils/timestamp.h>
}

#include <cstring>

namespace knowhow::server {
namespace {

// No command of PostgreSQL's, so that none of its views shows it.
constexpr unsigned kCommand = 0x6b6e6f77;
// Another extension might take the same number.
constexpr int64 kMagic = INT64CONST(0x6b6e6f77686f7731);

// Places in st_progress_param. Building an index, which code of a view may do while it is read,
// writes from place 3 to 19 without asking whose they are; the magic number stands among them.
enum Place {
    kRecommenderAndBackground,
    kRunId,
    kPhase,
    kDone,
    kTotal,
    kStartedAt,
    kPhaseStartedAt,
    kThreads,
    kMemoryBytes,
    kMagicNumber,
    kPlaces
};
static_assert(kPlaces <= PGSTAT_NUM_PROGRESS_PARAM);

// What this process shows. It is written whole each time: the slot is emptied when a subtransaction
// aborts or a command ends in code of a view that is being read.
bool active = false;
int64 shown[kPlaces];

// Read as a number: a value that the enumeration does not name is none to C++.
bool is_ours(const PgBackendStatus& status) {
    unsigned command;
    static_assert(sizeof command == sizeof status.st_progress_command);
    memcpy(&command, &status.st_progress_command, sizeof command);
    return command == kCommand;
}

void publish() {
    if (!active || MyBEEntry == nullptr) {
        return;
    }
    if (!is_ours(*MyBEEntry)) {
        pgstat_progress_start_command(static_cast<ProgressCommandType>(kCommand), InvalidOid);
    }
    static const int places[kPlaces] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    pgstat_progress_update_multi_param(kPlaces, places, shown);
}

}  // namespace

const char* phase_name(Phase phase) {
    switch (phase) {
        case Phase::kQueued:
            return "queued";
        case Phase::kReading:
            return "reading";
        case Phase::kLearning:
            return "learning";
        case Phase::kWriting:
            return "writing";
        case Phase::kComparing:
            return "comparing";
        case Phase::kTuning:
            return "tuning";
    }
    return "unknown";
}

void progress_begin(int32 recommender_id, int64 run_id, bool background) {
    memset(shown, 0, sizeof shown);
    shown[kRecommenderAndBackground] = static_cast<int64>(recommender_id) * 2 + background;
    shown[kRunId] = run_id;
    shown[kMagicNumber] = kMagic;
    shown[kStartedAt] = GetCurrentTimestamp();
    active = true;
    progress_phase(Phase::kQueued, 0);
}

void progress_phase(Phase phase, int64 total) {
    TimestampTz const now = GetCurrentTimestamp();
    if (shown[kPhase] == static_cast<int64>(Phase::kQueued)) {
        shown[kStartedAt] = now;
    }
    shown[kPhase] = static_cast<int64>(phase);
    shown[kPhaseStartedAt] = now;
    progress_update(0, total);
}

void progress_update(int64 done, int64 total) {
    shown[kDone] = done;
    shown[kTotal] = total;
    publish();
}

void progress_advance(int64 more) {
    progress_update(shown[kDone] + more, shown[kTotal]);
}

void progress_resources(int threads, int64 memory_bytes) {
    shown[kThreads] = threads;
    progress_memory(memory_bytes);
}

void progress_memory(int64 bytes) {
    if (shown[kMemoryBytes] != bytes) {
        shown[kMemoryBytes] = bytes;
        publish();
    }
}

void progress_end() {
    if (active && MyBEEntry != nullptr && is_ours(*MyBEEntry)) {
        pgstat_progress_end_command();
    }
    active = false;
}

bool progress_in_background() {
    return active && shown[kRecommenderAndBackground] % 2 != 0;
}

int progress_entries(ProgressEntry** entries) {
    // What was read earlier in this transaction would be shown again. Cleared afterwards too: a
    // process without transactions would keep it.
    pgstat_clear_backend_activity_snapshot();
    int const slots = pgstat_fetch_stat_numbackends();
    *entries = static_cast<ProgressEntry*>(
        palloc(sizeof(ProgressEntry) * static_cast<std::size_t>(slots + 1)));
    int count = 0;
    for (int slot = 1; slot <= slots; ++slot) {
#if PG_VERSION_NUM >= 160000
        const LocalPgBackendStatus* const local = pgstat_get_local_beentry_by_index(slot);
#else
        const LocalPgBackendStatus* const local = pgstat_fetch_stat_local_beentry(slot);
#endif
        if (local == nullptr) {
            continue;
        }
        const PgBackendStatus& status = local->backendStatus;
        const int64* const places = status.st_progress_param;
        if (!is_ours(status) || places[kMagicNumber] != kMagic) {
            continue;
        }
        ProgressEntry& entry = (*entries)[count++];
        entry.pid = status.st_procpid;
        entry.database = status.st_databaseid;
        entry.recommender_id = static_cast<int32>(places[kRecommenderAndBackground] / 2);
        entry.background = places[kRecommenderAndBackground] % 2 != 0;
        entry.run_id = places[kRunId];
        entry.phase = static_cast<Phase>(places[kPhase]);
        entry.done = places[kDone];
        entry.total = places[kTotal];
        entry.started_at = places[kStartedAt];
        entry.phase_started_at = places[kPhaseStartedAt];
        entry.threads = static_cast<int>(places[kThreads]);
        entry.memory_bytes = places[kMemoryBytes];
    }
    pgstat_clear_backend_activity_snapshot();
    return count;
}

}  // namespace knowhow::server
