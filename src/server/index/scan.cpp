// The ordered scan: every row once, by (distance, TID).
#include "server/index/callbacks.hpp"

extern "C" {
#include <access/relscan.h>
}

#include <algorithm>
#include <memory_resource>
#include <optional>
#include <vector>

#include "engine/sparse/arithmetic.hpp"
#include "engine/sparse/prepared.hpp"
#include "server/border/border.hpp"
#include "server/border/context_memory.hpp"
#include "server/index/fresh_reader.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server::index {
namespace {

// Larger queries would take much memory for a saving of little weight (type/distances.cpp).
constexpr std::uint32_t kMaxPreparedTerms = 1 << 16;

// All rows with their distances, the nearest handed out first.
class Ranking {
  public:
    explicit Ranking(MemoryContext context) : memory_(context), hits_(&memory_) {}

    // `query`: none where it is NULL; then no row has a distance.
    void collect(Relation index, const Meta& meta, std::optional<VectorView> query) {
        bool const cosine = meta.measure == static_cast<uint8>(search::Measure::kCosine);
        PreparedVector const prepared = query && query->size() <= kMaxPreparedTerms && !cosine
                                            ? PreparedVector(*query)
                                            : PreparedVector();
        InterruptMonitor monitor;
        PollEvery poll(monitor, 64);
        FreshReader reader(index, meta);
        search::Row row{};
        while (reader.next(row)) {
            poll.step();
            search::Hit hit{0, row.tid, row.null || !query};
            if (!hit.null) {
                // To the bit what the operators compute.
                hit.distance = cosine ? cosine_distance(row.vector, *query)
                               : query->size() <= kMaxPreparedTerms ? 0 - prepared.dot(row.vector)
                                                                    : 0 - dot(row.vector, *query);
            }
            hits_.push_back(hit);
        }
        std::make_heap(hits_.begin(), hits_.end(), ranks_after);
    }

    bool next(search::Hit& hit) {
        if (hits_.empty()) {
            return false;
        }
        std::pop_heap(hits_.begin(), hits_.end(), ranks_after);
        hit = hits_.back();
        hits_.pop_back();
        return true;
    }

  private:
    static bool ranks_after(const search::Hit& a, const search::Hit& b) noexcept {
        return search::ranks_before(b, a);
    }

    ContextMemory memory_;
    std::pmr::vector<search::Hit> hits_;
};

// Lives in the scan's memory, without a destructor.
struct ScanState {
    MemoryContext context;  // of what follows; reset by each rescan
    Ranking* ranking;       // NULL before the first row is asked for
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
        Ranking* const ranking = adopt(state->context, std::make_unique<Ranking>(state->context));
        ranking->collect(index, meta, view);
        state->ranking = ranking;
    });
    pgstat_count_index_scan(index);
    MemoryContextSwitchTo(before);
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
    if (!state->ranking->next(hit)) {
        return false;
    }
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
