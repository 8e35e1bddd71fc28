// What a scan costs, for the planner.
#include "server/index/callbacks.hpp"

extern "C" {
#include <optimizer/cost.h>
#include <optimizer/optimizer.h>
#include <utils/float.h>
#include <utils/selfuncs.h>
#include <utils/spccache.h>
}

#include "server/index/metapage.hpp"

namespace knowhow::server::index {
namespace {

// Of the segments' pages and rows, for the first batch.
constexpr double kPartRead = 0.01;

}  // namespace

void estimate_cost(PlannerInfo* root, IndexPath* path, double loops, Cost* startup, Cost* total,
                   Selectivity* selectivity, double* correlation, double* pages) {
    if (path->indexorderbys == NIL) {
        // Nothing to order by, so nothing to gain, and nothing that a sequential scan cannot do.
        // Where the query needs no column PostgreSQL would even make it an index-only scan, which
        // would trust the visibility map for rows that VACUUM has removed since they were read.
#if PG_VERSION_NUM >= 180000
        path->path.disabled_nodes = 2;
#endif
        *startup = *total = get_float8_infinity();
        *selectivity = 1;
        *correlation = 0;
        *pages = path->indexinfo->pages;
        return;
    }
    // The first rows come after all fresh rows are scored, and a small part of the segments is
    // read; each row after that costs a step. What the table's rows cost is added by the planner,
    // by the share of them that is fetched.
    GenericCosts costs;
    memset(&costs, 0, sizeof costs);
    costs.numIndexTuples = path->indexinfo->tuples;
    genericcostestimate(root, path, loops, &costs);
    double sequential_page_cost;
    get_tablespace_page_costs(path->indexinfo->reltablespace, nullptr, &sequential_page_cost);
    Meta meta;
    memset(&meta, 0, sizeof meta);
    if (!path->indexinfo->hypothetical) {
        Relation const index = index_open(path->indexinfo->indexoid, NoLock);
        meta = read_meta(index);
        index_close(index, NoLock);
    }
    double const rows = path->indexinfo->tuples;
    double segment_pages = 0;
    for (uint32 i = 0; i < meta.segment_count; ++i) {
        segment_pages += meta.segments[i].pages;
    }
    // A query's terms are some of very many; of their postings nearly all are skipped.
    double const read = meta.fresh.pages + kPartRead * segment_pages;
    *startup = read * sequential_page_cost +
               static_cast<double>(meta.fresh.rows) * (cpu_index_tuple_cost + cpu_operator_cost) +
               kPartRead * rows * cpu_operator_cost;
    *total = *startup + rows * cpu_index_tuple_cost;
    *selectivity = costs.indexSelectivity;
    *correlation = 0;
    *pages = path->indexinfo->pages;
}

}  // namespace knowhow::server::index
