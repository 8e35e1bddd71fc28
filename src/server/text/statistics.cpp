#include "server/text/statistics.hpp"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <utils/fmgroids.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

#include <cmath>
#include <cstddef>

#include "server/catalog/tables.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

// Columns of knowhow.model_statistics.
enum Column { kColumnModelId = 1, kColumnKind, kColumnFirstTerm, kColumnCounts };

}  // namespace

std::int64_t* term_statistics(std::int32_t model_id, char kind, std::span<const TermWeight> terms) {
    auto* const frequencies = static_cast<std::int64_t*>(
        MemoryContextAllocExtended(CurrentMemoryContext, terms.size() * sizeof(std::int64_t),
                                   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
    Relation const table = table_open(catalog_table("model_statistics"), AccessShareLock);
    Relation const index = index_open(catalog_table("model_statistics_pkey"), AccessShareLock);
    MemoryContext const block_memory =
        AllocSetContextCreate(CurrentMemoryContext, "knowhow statistics", ALLOCSET_SMALL_SIZES);
    MemoryContext const caller = MemoryContextSwitchTo(block_memory);
    ScanKeyData keys[3];  // ScanKeyInit's collation is C, as the column's is
    ScanKeyInit(&keys[0], kColumnModelId, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(model_id));
    ScanKeyInit(&keys[1], kColumnKind, BTEqualStrategyNumber, F_CHAREQ, CharGetDatum(kind));
    std::size_t i = 0;
    while (i < terms.size()) {
        CHECK_FOR_INTERRUPTS();
        MemoryContextReset(block_memory);
        // The last block that begins with the term or before it is the only one that can hold it.
        std::string_view const term = terms[i].term;
        ScanKeyInit(
            &keys[2], kColumnFirstTerm, BTLessEqualStrategyNumber, F_TEXT_LE,
            PointerGetDatum(cstring_to_text_with_len(term.data(), static_cast<int>(term.size()))));
        SysScanDesc const scan =
            systable_beginscan_ordered(table, index, GetActiveSnapshot(), 3, keys);
        HeapTuple const row = systable_getnext_ordered(scan, BackwardScanDirection);
        VectorView counts;
        if (HeapTupleIsValid(row)) {
            bool null;
            Datum const value = heap_getattr(row, kColumnCounts, RelationGetDescr(table), &null);
            if (!null) {
                counts = tfidf_view(value);
            }
        }
        // So can it hold those that follow, up to its own last one.
        do {
            std::int64_t const at = counts.find(terms[i].term);
            if (at >= 0) {
                frequencies[i] = std::llround(counts.weight(static_cast<std::uint32_t>(at)));
            }
            ++i;
        } while (i < terms.size() && !counts.empty() &&
                 compare_terms(terms[i].term, counts.term(counts.size() - 1)) <= 0);
        systable_endscan_ordered(scan);
    }
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(block_memory);
    index_close(index, AccessShareLock);
    table_close(table, AccessShareLock);
    return frequencies;
}

}  // namespace knowhow::server
