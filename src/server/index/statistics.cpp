// index_statistics(): what is in an index, as its metapage has it.
#include "server/border/border.hpp"

extern "C" {
#include <funcapi.h>
#include <utils/builtins.h>
}

#include "server/index/inspection.hpp"
#include "server/index/metapage.hpp"
#include "server/index/segment_pages.hpp"

using namespace knowhow::server;

// index_statistics(index regclass) -> one row; declared in control/chapters/25_index.sql.
KNOWHOW_FUNCTION(index_statistics) {
    TupleDesc descriptor;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE) {
        elog(ERROR, "return type must be a row type");
    }
    index::Inspected const opened = index::open_for_inspection(PG_GETARG_OID(0));
    index::Meta const meta = index::read_meta(opened.index);
    // After the metapage, so that no page that it counts is missing.
    uint64 const pages = RelationGetNumberOfBlocks(opened.index);
    uint64 rows = 0;
    uint64 deleted = 0;
    uint64 terms = 0;
    uint64 postings = 0;
    uint64 used = 1 + uint64{meta.fresh.pages};
    for (uint32 i = 0; i < meta.segment_count; ++i) {
        rows += meta.segments[i].rows;
        deleted += meta.segments[i].deleted;
        terms += meta.segments[i].terms;
        postings += meta.segments[i].postings;
        used += uint64{meta.segments[i].pages} + index::map_pages(meta.segments[i].pages);
    }
    if (deleted > rows || used > pages) {
        index::report_damage(opened.index, index::kMetaBlock,
                             "it counts more removed rows than rows, or more pages than there are");
    }
    Datum values[] = {
        CStringGetTextDatum(meta.measure == static_cast<uint8>(knowhow::search::Measure::kCosine)
                                ? "<=>"
                                : "<#>"),
        Int64GetDatum(static_cast<int64>(rows - deleted + meta.fresh.rows)),
        Int32GetDatum(static_cast<int32>(meta.segment_count)),
        Int64GetDatum(static_cast<int64>(terms)),
        Int64GetDatum(static_cast<int64>(postings)),
        Int64GetDatum(static_cast<int64>(meta.fresh.rows)),
        Int64GetDatum(static_cast<int64>(deleted)),
        Int64GetDatum(static_cast<int64>(pages)),
        Int64GetDatum(static_cast<int64>(meta.fresh.pages)),
        Int64GetDatum(static_cast<int64>(pages - used)),
        Int64GetDatum(static_cast<int64>(pages * BLCKSZ))};
    bool nulls[lengthof(values)] = {};
    index::close_inspected(opened);
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
