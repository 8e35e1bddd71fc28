// The access method's callbacks, each in the file of its concern. PostgreSQL phases, all.
#pragma once

#include "server/border/postgres.hpp"

extern "C" {
#include <access/amapi.h>
#include <access/genam.h>
#include <nodes/execnodes.h>
#include <nodes/pathnodes.h>
#include <pgstat.h>
}

namespace knowhow::server::index {

// build.cpp
IndexBuildResult* build(Relation heap, Relation index, IndexInfo* info);
void build_empty(Relation index);

// insert.cpp
bool insert(Relation index, Datum* values, bool* nulls, ItemPointer tid, Relation heap,
            IndexUniqueCheck unique, bool unchanged, IndexInfo* info);

// vacuum.cpp
IndexBulkDeleteResult* bulk_delete(IndexVacuumInfo* info, IndexBulkDeleteResult* result,
                                   IndexBulkDeleteCallback callback, void* state);
IndexBulkDeleteResult* vacuum_cleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* result);

// cost.cpp
void estimate_cost(PlannerInfo* root, IndexPath* path, double loops, Cost* startup, Cost* total,
                   Selectivity* selectivity, double* correlation, double* pages);

// scan.cpp
IndexScanDesc begin_scan(Relation index, int keys, int order_bys);
void rescan(IndexScanDesc scan, ScanKey keys, int key_count, ScanKey order_bys, int order_count);
bool get_tuple(IndexScanDesc scan, ScanDirection direction);
void end_scan(IndexScanDesc scan);

// validate.cpp
bool validate(Oid operator_class);

}  // namespace knowhow::server::index
