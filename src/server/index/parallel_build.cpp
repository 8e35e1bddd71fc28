#include "server/index/parallel_build.hpp"

extern "C" {
#include <access/genam.h>
#include <access/parallel.h>
#include <access/table.h>
#include <access/xact.h>
#include <catalog/index.h>
#include <miscadmin.h>
#include <optimizer/optimizer.h>
#include <pgstat.h>
#include <storage/lockdefs.h>
#include <tcop/tcopprot.h>
#include <utils/snapmgr.h>
}

#include <algorithm>

namespace knowhow::server::index {
namespace {

constexpr uint64 kSharedKey = 1;
constexpr uint64 kScanKey = 2;
constexpr uint64 kQueryKey = 3;

// In shared memory. Each process writes its own part, and the leader reads them when all have ended.
struct Shared {
    Oid heap;
    Oid index;
    bool concurrent;
    int kilobytes;  // of each process
    BuiltPart parts[kMostBuildParts];
    bool done[kMostBuildParts];
};


void build_worker(dsm_segment*, shm_toc* toc) {
    Shared* const shared = static_cast<Shared*>(shm_toc_lookup(toc, kSharedKey, false));
    debug_query_string = static_cast<char*>(shm_toc_lookup(toc, kQueryKey, true));
    pgstat_report_activity(STATE_RUNNING, debug_query_string);
    // The leader's locks, which are shared with it.
    LOCKMODE const heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
    LOCKMODE const index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;
    Relation const heap = table_open(shared->heap, heap_lock);
    Relation const index = index_open(shared->index, index_lock);
    IndexInfo* const info = BuildIndexInfo(index);
    info->ii_Concurrent = shared->concurrent;
    ParallelTableScanDesc const scan =
        static_cast<ParallelTableScanDesc>(shm_toc_lookup(toc, kScanKey, false));
    shared->parts[ParallelWorkerNumber] = build_part(
        heap, index, info, table_beginscan_parallel(heap, scan), shared->kilobytes, false);
    shared->done[ParallelWorkerNumber] = true;
    index_close(index, index_lock);
    table_close(heap, heap_lock);
}

}  // namespace

int build_workers([[maybe_unused]] Relation heap, [[maybe_unused]] Relation index,
                  [[maybe_unused]] IndexInfo* info) {
#if PG_VERSION_NUM >= 170000
    int const workers = info->ii_ParallelWorkers;
#else
    // Earlier versions ask on behalf of btree only.
    int const workers =
        plan_create_index_workers(RelationGetRelid(heap), RelationGetRelid(index));
#endif
    return std::min(workers, kMostBuildParts - 1);
}

int build_parallel(Relation heap, Relation index, IndexInfo* info, int workers, BuiltPart* parts) {
    EnterParallelMode();
    ParallelContext* const context =
        CreateParallelContext("knowhow", "knowhow_build_worker", workers);
    bool const concurrent = info->ii_Concurrent;
    Snapshot const snapshot =
        concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
    Size const scan_bytes = table_parallelscan_estimate(heap, snapshot);
    Size const query_bytes = debug_query_string == nullptr ? 0 : strlen(debug_query_string) + 1;
    shm_toc_estimate_chunk(&context->estimator, sizeof(Shared));
    shm_toc_estimate_chunk(&context->estimator, scan_bytes);
    shm_toc_estimate_keys(&context->estimator, 2);
    if (query_bytes > 0) {
        shm_toc_estimate_chunk(&context->estimator, query_bytes);
        shm_toc_estimate_keys(&context->estimator, 1);
    }
    InitializeParallelDSM(context);
    int count = 0;
    // Without a segment of shared memory there are no workers.
    if (context->seg != nullptr) {
        Shared* const shared = static_cast<Shared*>(shm_toc_allocate(context->toc, sizeof(Shared)));
        memset(shared, 0, sizeof *shared);
        shared->heap = RelationGetRelid(heap);
        shared->index = RelationGetRelid(index);
        shared->concurrent = concurrent;
        shared->kilobytes = maintenance_work_mem / (workers + 1);
        ParallelTableScanDesc const scan =
            static_cast<ParallelTableScanDesc>(shm_toc_allocate(context->toc, scan_bytes));
        table_parallelscan_initialize(heap, scan, snapshot);
        shm_toc_insert(context->toc, kSharedKey, shared);
        shm_toc_insert(context->toc, kScanKey, scan);
        if (query_bytes > 0) {
            char* const query = static_cast<char*>(shm_toc_allocate(context->toc, query_bytes));
            memcpy(query, debug_query_string, query_bytes);
            shm_toc_insert(context->toc, kQueryKey, query);
        }
        LaunchParallelWorkers(context);
        if (context->nworkers_launched > 0) {
            WaitForParallelWorkersToAttach(context);
            parts[count++] = build_part(heap, index, info, table_beginscan_parallel(heap, scan),
                                        shared->kilobytes, true);
            WaitForParallelWorkersToFinish(context);
            for (int i = 0; i < context->nworkers_launched; ++i) {
                if (!shared->done[i]) {
                    elog(ERROR, "a parallel worker did not finish its part of the index build");
                }
                parts[count++] = shared->parts[i];
            }
        }
    }
    if (IsMVCCSnapshot(snapshot)) {
        UnregisterSnapshot(snapshot);
    }
    DestroyParallelContext(context);
    ExitParallelMode();
    return count;
}

}  // namespace knowhow::server::index

#pragma GCC visibility push(default)
extern "C" {
// What parallel workers of a build run.
PGDLLEXPORT void knowhow_build_worker(dsm_segment* segment, shm_toc* toc);
}
#pragma GCC visibility pop

extern "C" void knowhow_build_worker(dsm_segment* segment, shm_toc* toc) {
    knowhow::server::index::build_worker(segment, toc);
}
