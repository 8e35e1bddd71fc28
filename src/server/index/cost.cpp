// What a scan costs, for the planner.
#include "server/index/callbacks.hpp"

extern "C" {
#include <optimizer/cost.h>
#include <optimizer/optimizer.h>
#include <utils/float.h>
#include <utils/selfuncs.h>
#include <utils/spccache.h>
}

namespace knowhow::server::index {

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
    // Without conditions: all rows, and all pages, are read before the first comes out; each row
    // after it costs the step of a heap. What the table's rows cost is added by the planner, by
    // the share of them that is fetched.
    GenericCosts costs;
    memset(&costs, 0, sizeof costs);
    costs.numIndexTuples = path->indexinfo->tuples;
    genericcostestimate(root, path, loops, &costs);
    double sequential_page_cost;
    get_tablespace_page_costs(path->indexinfo->reltablespace, nullptr, &sequential_page_cost);
    double const rows = path->indexinfo->tuples;
    *startup = path->indexinfo->pages * sequential_page_cost +
               rows * (cpu_index_tuple_cost + cpu_operator_cost);
    *total = *startup + rows * cpu_index_tuple_cost;
    *selectivity = costs.indexSelectivity;
    *correlation = 0;
    *pages = path->indexinfo->pages;
}

}  // namespace knowhow::server::index
