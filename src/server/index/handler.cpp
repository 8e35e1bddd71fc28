// The access method tfidf, as PostgreSQL sees it.
#include "server/border/border.hpp"
#include "server/index/callbacks.hpp"

extern "C" {
#include <access/reloptions.h>
#include <commands/vacuum.h>
}

namespace knowhow::server::index {
namespace {

bytea* options(Datum given, bool check) {
    // None yet, and one that is unknown is refused.
    static const relopt_parse_elt kNone[1] = {};
    return static_cast<bytea*>(
        build_reloptions(given, check, static_cast<relopt_kind>(0), 0, kNone, 0));
}

}  // namespace
}  // namespace knowhow::server::index

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
    routine->ambuild = index::build;
    routine->ambuildempty = index::build_empty;
    routine->aminsert = index::insert;
    routine->ambulkdelete = index::bulk_delete;
    routine->amvacuumcleanup = index::vacuum_cleanup;
    routine->amcostestimate = index::estimate_cost;
    routine->amoptions = index::options;
    routine->amvalidate = index::validate;
    routine->ambeginscan = index::begin_scan;
    routine->amrescan = index::rescan;
    routine->amgettuple = index::get_tuple;
    routine->amendscan = index::end_scan;
    PG_RETURN_POINTER(routine);
}
