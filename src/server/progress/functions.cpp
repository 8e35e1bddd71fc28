#include "server/border/border.hpp"

extern "C" {
#include <funcapi.h>
#include <utils/timestamp.h>
#include <utils/tuplestore.h>
}

#include "server/catalog/recommender.hpp"
#include "server/progress/progress.hpp"

using namespace knowhow::server;

// Trainings of this database's recommenders that the caller may see. Whoever may read the view
// that is made of it may call it, so it lets through no more than the view.
KNOWHOW_FUNCTION(running_trainings) {
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    ProgressEntry* entries;
    int const count = progress_entries(&entries);
    TimestampTz const seen_at = GetCurrentTimestamp();   // no phase of an entry started later
    for (int i = 0; i < count; ++i) {
        const ProgressEntry& entry = entries[i];
        if (entry.database != MyDatabaseId || !may_see_recommender(entry.recommender_id)) {
            continue;
        }
        Datum values[] = {Int64GetDatum(entry.run_id),
                          Int32GetDatum(entry.recommender_id),
                          Int32GetDatum(entry.pid),
                          CStringGetTextDatum(phase_name(entry.phase)),
                          Int64GetDatum(entry.done),
                          Int64GetDatum(entry.total),
                          TimestampTzGetDatum(entry.started_at),
                          TimestampTzGetDatum(entry.phase_started_at),
                          Int32GetDatum(entry.threads),
                          Int64GetDatum(entry.memory_bytes),
                          BoolGetDatum(entry.background),
                          TimestampTzGetDatum(seen_at)};
        bool nulls[lengthof(values)] = {};
        nulls[0] = entry.run_id == 0;
        nulls[4] = entry.phase == Phase::kQueued;
        nulls[5] = entry.total == 0;
        nulls[8] = entry.threads == 0;
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    return static_cast<Datum>(0);
}
