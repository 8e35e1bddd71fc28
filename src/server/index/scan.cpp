// The ordered scan: every row once, by (distance, TID).
#include "server/index/callbacks.hpp"

extern "C" {
#include <access/relscan.h>
}

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "engine/search/top_k.hpp"
#include "server/border/border.hpp"
#include "server/border/context_memory.hpp"
#include "server/index/fresh_reader.hpp"
#include "server/index/generation_changed.hpp"
#include "server/index/naming_damage.hpp"
#include "server/index/segment_pages.hpp"
#include "server/module.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server::index {
namespace {

// How many rows come from one search; from the first those of knowhow.scan_rows. Few are wanted, most
// often: the first batches are those for which the dictionary knows what score a row must have
// (search::kRanks). Who wants more wants many.
constexpr std::array<std::size_t, 4> kBatches = {10, 30, 120, 2000};
constexpr std::size_t kBatchGrowth = 8;  // of what follows
// What a search takes for each row that it returns, at most (Search::next).
constexpr std::size_t kBytesPerRow = 100;

// The fresh area as the engine reads it, as often as it wants.
class ScannedFresh : public search::FreshRows {
  public:
    ScannedFresh(Relation index, const Meta& meta) : index_(index), meta_(meta) {}
    void rewind() override { reader_.emplace(index_, meta_); }
    std::span<const search::Row> next() override {
        return reader_->next(row_) ? std::span<const search::Row>(&row_, 1)
                                   : std::span<const search::Row>();
    }

  private:
    Relation index_;
    Meta meta_;
    std::optional<FreshReader> reader_;
    search::Row row_{};
};

// All rows with their distances, the nearest first, a batch at a time.
class Ranking {
  public:
    // `query`: none where it is NULL; then no row has a distance.
    Ranking(Relation index, const Meta& meta, std::optional<VectorView> query,
            MemoryContext context)
        : index_(index),
          meta_(meta),
          memory_(context),
          search_(static_cast<search::Measure>(meta.measure), query, &memory_) {
        skip_small_batches();
    }

    bool next(search::Hit& hit) {
        if (at_ == hits_.size()) {
            if (ended_) {
                return false;
            }
            search_next();
            ended_ = hits_.size() < batch_;
            skip_small_batches();
            batch_ = std::min(batches_ < kBatches.size() ? kBatches[batches_] : batch_ * kBatchGrowth,
                              most_rows());
            at_ = 0;
            if (hits_.empty()) {
                return false;
            }
        }
        hit = hits_[at_++];
        return true;
    }

    // Whether next() will search.
    bool must_search() const { return at_ == hits_.size(); }

  private:
    // What one search may take of work_mem, in rows.
    static std::size_t most_rows() {
        return static_cast<std::size_t>(work_mem) * 1024 / kBytesPerRow;
    }

    // The next batch is larger than the one before.
    void skip_small_batches() {
        while (batches_ < kBatches.size() && kBatches[batches_] <= batch_) {
            ++batches_;
        }
    }

    // Begins anew, with what the metapage names then, where a page has been used again meanwhile.
    void search_next() {
        InterruptMonitor monitor;
        for (;;) {
            try {
                naming_damage(index_, [&] {
                    if (!fresh_) {
                        open();
                    }
                    search_.next(segments_, *fresh_, batch_, hits_, monitor);
                });
                return;
            } catch (const GenerationChanged&) {
                close();
                Meta now;
                guarded([&] { now = read_meta(index_); });
                if (same_structure(now, meta_)) {
                    throw;
                }
                meta_ = now;
            }
            monitor.poll();
        }
    }

    void open() {
        // The largest segment first: it raises the bar for all others the most.
        std::vector<const SegmentEntry*> entries;
        for (uint32 i = 0; i < meta_.segment_count; ++i) {
            entries.push_back(&meta_.segments[i]);
        }
        std::sort(entries.begin(), entries.end(),
                  [](const SegmentEntry* a, const SegmentEntry* b) { return a->rows > b->rows; });
        for (const SegmentEntry* entry : entries) {
            readers_.push_back(std::make_unique<SegmentReader>(index_, *entry));
            opened_.push_back(std::make_unique<search::Segment>(*readers_.back()));
            segments_.push_back({opened_.back().get(), entry->deleted > 0});
        }
        fresh_.emplace(index_, meta_);
        fresh_->rewind();
    }

    void close() {
        search_.forget_fresh();
        fresh_.reset();
        segments_.clear();
        opened_.clear();
        readers_.clear();
    }

    // Whether both lead to the same pages.
    static bool same_structure(const Meta& a, const Meta& b) {
        if (a.segment_count != b.segment_count ||
            a.fresh.head_generation != b.fresh.head_generation) {
            return false;
        }
        for (uint32 i = 0; i < a.segment_count; ++i) {
            if (a.segments[i].generation != b.segments[i].generation) {
                return false;
            }
        }
        return true;
    }

    Relation index_;
    Meta meta_;  // as last read
    ContextMemory memory_;
    search::Search search_;
    std::vector<std::unique_ptr<SegmentReader>> readers_;
    std::vector<std::unique_ptr<search::Segment>> opened_;
    std::vector<search::SearchedSegment> segments_;
    std::optional<ScannedFresh> fresh_;
    std::vector<search::Hit> hits_;
    std::size_t at_ = 0;
    std::size_t batches_ = 0;  // of kBatches, that are behind
    std::size_t batch_ = std::min(static_cast<std::size_t>(settings::scan_rows), most_rows());
    bool ended_ = false;
};

// Lives in the scan's memory, without a destructor.
struct ScanState {
    MemoryContext context;     // of what follows; reset by each rescan
    Ranking* ranking;          // NULL before the first row is asked for
    BlockNumber table_blocks;  // as far as that mattered
};

ScanState* state_of(IndexScanDesc scan) {
    return static_cast<ScanState*>(scan->opaque);
}

void start(IndexScanDesc scan) {
    ScanState* const state = state_of(scan);
    MemoryContext const before = MemoryContextSwitchTo(state->context);
    Relation const index = scan->indexRelation;
    Meta const meta = read_meta(index);
    bool const ordered = scan->numberOfOrderBys > 0;
    bool const null = !ordered || (scan->orderByData[0].sk_flags & SK_ISNULL) != 0;
    if (ordered && scan->orderByData[0].sk_strategy !=
                       strategy_of(static_cast<search::Measure>(meta.measure))) {
        report_damage(index, kMetaBlock, "it was built for another distance");
    }
    struct varlena* query = nullptr;
    if (!null) {
        query = PG_DETOAST_DATUM_COPY(scan->orderByData[0].sk_argument);
    }
    engine([&] {
        std::optional<VectorView> const view =
            query == nullptr ? std::nullopt : std::optional(tfidf_view(PointerGetDatum(query)));
        state->ranking =
            adopt(state->context, std::make_unique<Ranking>(index, meta, view, state->context));
    });
    pgstat_count_index_scan(index);
    MemoryContextSwitchTo(before);
}

// A row behind the end of the table would be looked for in files that do not exist, and the error
// would name the table.
void require_row(IndexScanDesc scan, search::Tid tid) {
    ScanState* const state = state_of(scan);
    if (search::tid_block(tid) < state->table_blocks || scan->heapRelation == nullptr) {
        return;
    }
    state->table_blocks = RelationGetNumberOfBlocks(scan->heapRelation);
    if (search::tid_block(tid) >= state->table_blocks) {
        ereport(ERROR,
                (errcode(ERRCODE_INDEX_CORRUPTED),
                 errmsg("index \"%s\" is damaged: it has row (%u,%u), and the table %u blocks",
                        RelationGetRelationName(scan->indexRelation), search::tid_block(tid),
                        search::tid_line(tid), state->table_blocks),
                 errhint("REINDEX it.")));
    }
}

}  // namespace

IndexScanDesc begin_scan(Relation index, int keys, int order_bys) {
    IndexScanDesc const scan = RelationGetIndexScan(index, keys, order_bys);
    ScanState* const state = static_cast<ScanState*>(palloc0(sizeof(ScanState)));
    state->context =
        AllocSetContextCreate(CurrentMemoryContext, "tfidf index scan", ALLOCSET_DEFAULT_SIZES);
    if (order_bys > 0) {
        scan->xs_orderbyvals = static_cast<Datum*>(palloc0(sizeof(Datum) * order_bys));
        scan->xs_orderbynulls = static_cast<bool*>(palloc(sizeof(bool) * order_bys));
        memset(scan->xs_orderbynulls, true, sizeof(bool) * order_bys);
    }
    scan->opaque = state;
    return scan;
}

void rescan(IndexScanDesc scan, ScanKey, int, ScanKey order_bys, int) {
    ScanState* const state = state_of(scan);
    state->ranking = nullptr;
    MemoryContextReset(state->context);
    if (order_bys != nullptr && scan->numberOfOrderBys > 0) {
        memmove(scan->orderByData, order_bys, sizeof(ScanKeyData) * scan->numberOfOrderBys);
    }
}

bool get_tuple(IndexScanDesc scan, ScanDirection direction) {
    if (!ScanDirectionIsForward(direction)) {
        elog(ERROR, "a tfidf index is read forward only");
    }
    if (scan->xs_want_itup) {
        elog(ERROR, "a tfidf index has no index-only scans");  // cost.cpp says why
    }
    ScanState* const state = state_of(scan);
    if (state->ranking == nullptr) {
        start(scan);
    }
    search::Hit hit;
    bool found = false;
    if (state->ranking->must_search()) {
        MemoryContext const before = MemoryContextSwitchTo(state->context);
        engine([&] { found = state->ranking->next(hit); });
        MemoryContextSwitchTo(before);
    } else {
        found = state->ranking->next(hit);
    }
    if (!found) {
        return false;
    }
    require_row(scan, hit.tid);
    ItemPointerSet(&scan->xs_heaptid, search::tid_block(hit.tid), search::tid_line(hit.tid));
    scan->xs_recheck = false;
    scan->xs_recheckorderby = false;
    if (scan->numberOfOrderBys > 0) {
#ifndef USE_FLOAT8_BYVAL
        if (!scan->xs_orderbynulls[0]) {
            pfree(DatumGetPointer(scan->xs_orderbyvals[0]));
        }
#endif
        scan->xs_orderbynulls[0] = hit.null;
        scan->xs_orderbyvals[0] = hit.null ? Datum{0} : Float8GetDatum(hit.distance);
    }
    return true;
}

void end_scan(IndexScanDesc scan) {
    MemoryContextDelete(state_of(scan)->context);
}

}  // namespace knowhow::server::index
