#include "server/index/build_part.hpp"

extern "C" {
#include <commands/progress.h>
#include <pgstat.h>
}

#include <memory>
#include <optional>

#include "server/border/border.hpp"
#include "server/index/segment_builder.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server::index {
namespace {

// Engine work counts postings; shown are as many of the rows.
class BuildMonitor : public InterruptMonitor {
  public:
    explicit BuildMonitor(bool shown) : shown_(shown) {}

    void count_rows(double rows) { rows_ = rows; }

    void progress(std::int64_t done, std::int64_t total) override {
        if (shown_ && rows_ > 0 && total > 0) {
            // Neither raises an error.
            pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL,
                                         static_cast<int64>(rows_));
            pgstat_progress_update_param(
                PROGRESS_CREATEIDX_TUPLES_DONE,
                static_cast<int64>(rows_ * (static_cast<double>(done) / static_cast<double>(total))));
        }
    }

  private:
    bool shown_;
    double rows_ = 0;
};

struct Rows {
    MemoryContext per_row;
    SegmentBuilder* builder;
    double count;
};

void add_row(Relation, ItemPointer tid, Datum* values, bool* nulls, bool, void* argument) {
    Rows* const rows = static_cast<Rows*>(argument);
    MemoryContext const before = MemoryContextSwitchTo(rows->per_row);
    Datum const vector = nulls[0] ? Datum{0} : PointerGetDatum(PG_DETOAST_DATUM_PACKED(values[0]));
    engine([&] {
        rows->builder->add(
            {search::make_tid(ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid)),
             nulls[0], nulls[0] ? VectorView() : tfidf_view(vector)});
    });
    MemoryContextSwitchTo(before);
    MemoryContextReset(rows->per_row);
    rows->count += 1;
}

}  // namespace

char* build_phase_name(int64 phase) {
    switch (static_cast<BuildPhase>(phase)) {
        case BuildPhase::kInitializing:
            return pstrdup("initializing");
        case BuildPhase::kScanning:
            return pstrdup("scanning table");
        case BuildPhase::kWriting:
            return pstrdup("writing segment");
    }
    return nullptr;
}

void show_build_phase(BuildPhase phase) {
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, static_cast<int64>(phase));
}

BuiltPart build_part(Relation heap, Relation index, IndexInfo* info, TableScanDesc scan,
                     int kilobytes, bool progress) {
    MemoryContext const context =
        AllocSetContextCreate(CurrentMemoryContext, "tfidf index build", ALLOCSET_DEFAULT_SIZES);
    BuildMonitor* monitor = nullptr;
    Rows rows = {
        AllocSetContextCreate(context, "tfidf index build row", ALLOCSET_DEFAULT_SIZES), nullptr, 0};
    engine([&] {
        monitor = adopt(context, std::make_unique<BuildMonitor>(progress));
        rows.builder = adopt(context, std::make_unique<SegmentBuilder>(
                                          index, Writing::kBuild, kilobytes, context, *monitor));
    });
    BuiltPart part;
    memset(&part, 0, sizeof part);
    if (progress) {
        show_build_phase(BuildPhase::kScanning);
    }
    part.scanned =
        table_index_build_scan(heap, index, info, true, progress, add_row, &rows, scan);
    part.indexed = rows.count;
    search::Measure const measure = measure_of(index);
    if (progress) {
        show_build_phase(BuildPhase::kWriting);
    }
    engine([&] {
        monitor->count_rows(rows.count);
        std::optional<SegmentEntry> const entry = rows.builder->finish(measure);
        if (entry) {
            part.adds = true;
            part.entry = *entry;
        }
    });
    MemoryContextDelete(context);
    return part;
}

}  // namespace knowhow::server::index
