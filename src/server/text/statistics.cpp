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
#include <new>

#include "server/catalog/tables.hpp"
#include "server/model/kept_rows.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

// Columns of knowhow.model_statistics.
enum Column { kColumnModelId = 1, kColumnKind, kColumnFirstTerm, kColumnCounts };

// A block that is kept: the bytes of its counts follow it.
struct KeptCounts {
    char kind;
    VectorView counts;
};

// The kind and the first seven bytes of a term, as a number.
std::uint64_t key_of(char kind, std::string_view term) {
    return std::uint64_t{static_cast<unsigned char>(kind)} << 56U | VectorView::prefix_of(term) >> 8U;
}

// How many kept blocks begin with the term or before it.
int begin_at_or_before(KeptRows& kept, char kind, std::string_view term) {
    std::uint64_t const key = key_of(kind, term);
    return first_kept(kept, [=](const KeptRow& block) {
        return block.first != key
                   ? block.first < key
                   : compare_terms(kept_row<KeptCounts>(block).counts.term(0), term) <= 0;
    });
}

// The counts of the block that begins with the term or before it and ends with it or behind it;
// none where no such block is kept.
VectorView kept_counts(KeptRows& kept, char kind, std::string_view term) {
    int const place = begin_at_or_before(kept, kind, term);
    if (place == 0) {
        return {};
    }
    const KeptRow& block = kept.rows[place - 1];
    std::uint64_t const key = key_of(kind, term);
    VectorView const& counts = kept_row<KeptCounts>(block).counts;
    bool const reaches =
        block.last != key ? block.last > key : compare_terms(counts.term(counts.size() - 1), term) >= 0;
    return reaches ? counts : VectorView();
}

void keep_counts(KeptRows& kept, char kind, struct varlena* value) {
    VectorView const counts = tfidf_view(PointerGetDatum(value));
    if (counts.empty()) {
        return;
    }
    int const place = begin_at_or_before(kept, kind, counts.term(0));
    if (place > 0) {
        const KeptCounts& other = kept_row<KeptCounts>(kept.rows[place - 1]);
        if (other.kind == kind && other.counts.term(0) == counts.term(0)) {
            return;
        }
    }
    Size const bytes = VARSIZE_ANY_EXHDR(value);
    char* const row = static_cast<char*>(allocate_kept(kept, sizeof(KeptCounts) + bytes));
    if (row == nullptr) {
        return;
    }
    memcpy(row + sizeof(KeptCounts), VARDATA_ANY(value), bytes);
    add_kept(kept, place,
             {key_of(kind, counts.term(0)), key_of(kind, counts.term(counts.size() - 1)),
              new (row) KeptCounts{kind, {row + sizeof(KeptCounts), bytes}}});
}

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
    KeptRows& kept = kept_rows(RelationGetRelid(table), model_id);
    std::size_t i = 0;
    while (i < terms.size()) {
        CHECK_FOR_INTERRUPTS();
        MemoryContextReset(block_memory);
        // The last block that begins with the term or before it is the only one that can hold it.
        std::string_view const term = terms[i].term;
        VectorView counts = kept_counts(kept, kind, term);
        if (counts.empty()) {
            ScanKeyInit(&keys[2], kColumnFirstTerm, BTLessEqualStrategyNumber, F_TEXT_LE,
                        PointerGetDatum(cstring_to_text_with_len(term.data(),
                                                                 static_cast<int>(term.size()))));
            SysScanDesc const scan =
                systable_beginscan_ordered(table, index, GetActiveSnapshot(), 3, keys);
            HeapTuple const row = systable_getnext_ordered(scan, BackwardScanDirection);
            if (HeapTupleIsValid(row)) {
                bool null;
                Datum const value =
                    heap_getattr(row, kColumnCounts, RelationGetDescr(table), &null);
                if (!null) {
                    // Out of the page, which the scan's end lets go.
                    struct varlena* const copy = PG_DETOAST_DATUM_COPY(value);
                    counts = tfidf_view(PointerGetDatum(copy));
                    keep_counts(kept, kind, copy);
                }
            }
            systable_endscan_ordered(scan);
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
    }
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(block_memory);
    index_close(index, AccessShareLock);
    table_close(table, AccessShareLock);
    return frequencies;
}

}  // namespace knowhow::server
