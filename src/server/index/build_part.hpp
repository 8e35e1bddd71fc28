// A process's part in building an index: the rows that a scan gives it, made a segment.
#pragma once

#include "server/border/postgres.hpp"

extern "C" {
#include <access/tableam.h>
#include <nodes/execnodes.h>
}

#include "server/index/metapage.hpp"

namespace knowhow::server::index {

// What pg_stat_progress_create_index shows behind "building index: ". Rows are counted while the
// segment is written.
enum class BuildPhase : int64 {
    kInitializing = 1,
    kScanning = 2,
    kWriting = 3,
};
char* build_phase_name(int64 phase);
void show_build_phase(BuildPhase phase);

struct BuiltPart {
    double scanned;  // rows of the table that are alive
    double indexed;
    bool adds;
    SegmentEntry entry;  // of what was written, if anything was; published by nobody yet
};

// `scan`: this process's share of a parallel scan, or NULL for all of the table. `kilobytes`: memory
// for rows before they go to temporary files. `progress`: whether to show it. A PostgreSQL phase.
BuiltPart build_part(Relation heap, Relation index, IndexInfo* info, TableScanDesc scan,
                     int kilobytes, bool progress);

}  // namespace knowhow::server::index
