#include "server/train/read.hpp"

extern "C" {
#include <executor/spi.h>
#include <lib/stringinfo.h>
#include <utils/lsyscache.h>
#include <utils/timestamp.h>
}

#include "engine/sparse/vector.hpp"
#include "server/progress/progress.hpp"

namespace knowhow::server {
namespace {

// Rows that cross the border at once.
constexpr long kBatch = 2000;

const char* relation_name(Oid relation) {
    return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
                                      get_rel_name(relation));
}

// Calls take(rows, count) for every batch of the query's result; take's rows live until it
// returns. Returns the number of rows.
template <typename Take>
std::int64_t for_each_batch(const char* sql, TrainingMonitor* monitor, Take take) {
    SPIPlanPtr plan = SPI_prepare_cursor(sql, 0, nullptr, CURSOR_OPT_NO_SCROLL);
    if (plan == nullptr) {
        elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    }
    Portal portal = SPI_cursor_open(nullptr, plan, nullptr, nullptr, true);
    MemoryContext const batch =
        AllocSetContextCreate(CurrentMemoryContext, "knowhow training rows", ALLOCSET_DEFAULT_SIZES);
    std::int64_t total = 0;
    for (;;) {
        SPI_cursor_fetch(portal, true, kBatch);
        if (SPI_processed == 0) {
            break;
        }
        MemoryContext const before = MemoryContextSwitchTo(batch);
        take(SPI_tuptable, static_cast<int>(SPI_processed));
        MemoryContextSwitchTo(before);
        MemoryContextReset(batch);
        total += static_cast<std::int64_t>(SPI_processed);
        progress_advance(static_cast<int64>(SPI_processed));
        SPI_freetuptable(SPI_tuptable);
        monitor->between_batches();
    }
    SPI_cursor_close(portal);
    MemoryContextDelete(batch);
    return total;
}

Datum column(SPITupleTable* rows, int row, int number) {
    bool null;
    return SPI_getbinval(rows->vals[row], rows->tupdesc, number, &null);
}

}  // namespace

std::int64_t read_interactions(const Recommender& recommender, Trained* trained) {
    InteractionsBuilder* interactions = trained->interactions_builder();
    struct Row {
        std::int64_t user;
        std::int64_t snippet;
        float weight;
        std::int32_t minute;
    };
    // Without a weight a row says nothing. The condition is not the statement's: of a view, which
    // computes it, PostgreSQL would compute the weight once for the condition and once for the result.
    const char* sql = psprintf(
        "SELECT user_id::pg_catalog.int8, snippet_id::pg_catalog.int8, weight::pg_catalog.float4, "
        "occurred_at::pg_catalog.timestamptz FROM %s WHERE user_id IS NOT NULL "
        "AND snippet_id IS NOT NULL",
        relation_name(recommender.interactions));
    std::int64_t total = 0;
    for_each_batch(sql, trained->monitor(), [=, &total](SPITupleTable* table, int count) {
        Row* rows = static_cast<Row*>(palloc(sizeof(Row) * static_cast<std::size_t>(count)));
        int weighed = 0;
        for (int i = 0; i < count; ++i) {
            bool no_weight;
            bool no_time;
            Datum const weight = SPI_getbinval(table->vals[i], table->tupdesc, 3, &no_weight);
            Datum const at = SPI_getbinval(table->vals[i], table->tupdesc, 4, &no_time);
            if (!no_weight) {
                rows[weighed++] = {DatumGetInt64(column(table, i, 1)),
                                   DatumGetInt64(column(table, i, 2)), DatumGetFloat4(weight),
                                   no_time ? kNoMinute : minute_of(DatumGetTimestampTz(at))};
            }
        }
        engine([=] {
            for (int i = 0; i < weighed; ++i) {
                interactions->add(rows[i].user, rows[i].snippet, rows[i].weight,
                                  rows[i].minute);
            }
        });
        total += weighed;
    });
    return total;
}

std::int64_t read_documents(const Recommender& recommender, Trained* trained) {
    TermStatistics* terms = trained->terms();
    const char* sql = psprintf("SELECT content::knowhow.tfidf FROM %s WHERE content IS NOT NULL",
                               relation_name(recommender.snippets));
    return for_each_batch(sql, trained->monitor(), [=](SPITupleTable* table, int count) {
        varlena** values =
            static_cast<varlena**>(palloc(sizeof(varlena*) * static_cast<std::size_t>(count)));
        for (int i = 0; i < count; ++i) {
            values[i] = PG_DETOAST_DATUM_PACKED(column(table, i, 1));
        }
        engine([=] {
            for (int i = 0; i < count; ++i) {
                trained->count_content(VARSIZE_ANY_EXHDR(values[i]));
                terms->add(VectorView(VARDATA_ANY(values[i]), VARSIZE_ANY_EXHDR(values[i])));
            }
        });
    });
}

std::int64_t read_labels(const Recommender& recommender, Trained* trained) {
    TermStatistics* labels = trained->labels();
    if (!OidIsValid(recommender.labels)) {
        return 0;
    }
    // A label given twice to one snippet (by a person and by a model) is one label. One that is
    // longer than a term may be has no statistics: it counts as never seen.
    const char* sql =
        psprintf("SELECT DISTINCT snippet_id, pg_catalog.concat(kind, ':', value) FROM %s "
                 "WHERE kind IN ('topic', 'tag') AND snippet_id IS NOT NULL AND value IS NOT NULL "
                 "AND pg_catalog.octet_length(pg_catalog.concat(kind, ':', value)) "
                 "OPERATOR(pg_catalog.<=) %zu",
                 relation_name(recommender.labels), kMaxLexemeBytes);
    return for_each_batch(sql, trained->monitor(), [=](SPITupleTable* table, int count) {
        text** values = static_cast<text**>(palloc(sizeof(text*) * static_cast<std::size_t>(count)));
        for (int i = 0; i < count; ++i) {
            values[i] = DatumGetTextPP(column(table, i, 2));
        }
        engine([=] {
            for (int i = 0; i < count; ++i) {
                std::string_view const label(VARDATA_ANY(values[i]), VARSIZE_ANY_EXHDR(values[i]));
                labels->add(std::span<const std::string_view>(&label, 1));
            }
        });
    });
}

}  // namespace knowhow::server
