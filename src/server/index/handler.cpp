// The access method tfidf, as PostgreSQL sees it.
#include "server/border/border.hpp"
#include "server/index/callbacks.hpp"

extern "C" {
#include <commands/vacuum.h>
}

#include "server/index/build_part.hpp"
#include "server/index/options.hpp"

// tfidf_index_handler(internal) -> index_am_handler
KNOWHOW_FUNCTION(tfidf_index_handler) {
    using namespace knowhow::server;
    IndexAmRoutine* const routine = makeNode(IndexAmRoutine);
    routine->amstrategies = 2;
    routine->amsupport = 0;
    routine->amcanorderbyop = true;
    routine->amoptionalkey = true;
    routine->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
    routine->amkeytype = InvalidOid;
#if PG_VERSION_NUM >= 170000
    routine->amcanbuildparallel = true;
#endif
    routine->ambuild = index::build;
    routine->ambuildempty = index::build_empty;
    routine->ambuildphasename = index::build_phase_name;
    routine->aminsert = index::insert;
    routine->ambulkdelete = index::bulk_delete;
    routine->amvacuumcleanup = index::vacuum_cleanup;
    routine->amcostestimate = index::estimate_cost;
    routine->amoptions = index::parse_options;
    routine->amvalidate = index::validate;
    routine->ambeginscan = index::begin_scan;
    routine->amrescan = index::rescan;
    routine->amgettuple = index::get_tuple;
    routine->amendscan = index::end_scan;
    PG_RETURN_POINTER(routine);
}
