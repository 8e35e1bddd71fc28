#include "server/train/write.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <lib/stringinfo.h>
#include <mb/pg_wchar.h>
#include <utils/jsonb.h>
}

#include <algorithm>

#include "engine/rank/signal_weights.hpp"
#include "server/model/reader.hpp"
#include "server/model/writer.hpp"
#include "server/progress/progress.hpp"
#include "server/text/parser.hpp"
#include "server/text/statistics.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

std::int64_t blocks(std::size_t count, std::size_t block_size) {
    return static_cast<std::int64_t>((count + block_size - 1) / block_size);
}

// Terms in one block of statistics: about 1 kB with their lexemes, below the TOAST threshold.
constexpr std::size_t kTermsPerBlock = 64;

std::int64_t write_statistics(std::int32_t model_id, char kind, Trained* trained,
                              std::span<const TermCount> counts) {
    ModelWriter* writer = open_model_writer("model_statistics");
    MemoryContext const rows = AllocSetContextCreate(CurrentMemoryContext, "knowhow statistics",
                                                     ALLOCSET_DEFAULT_SIZES);
    std::size_t const count = counts.size();
    TermWeight* block = static_cast<TermWeight*>(palloc(sizeof(TermWeight) * kTermsPerBlock));
    for (std::size_t first = 0; first < count; first += kTermsPerBlock) {
        MemoryContext const before = MemoryContextSwitchTo(rows);
        std::size_t const size = std::min(kTermsPerBlock, count - first);
        for (std::size_t i = 0; i < size; ++i) {
            const TermCount& term = counts[first + i];
            block[i] = {term.term, static_cast<double>(term.documents)};
        }
        Datum vector;
        engine([&] { vector = tfidf_datum({block, size}); });
        Datum values[] = {Int32GetDatum(model_id), CharGetDatum(kind),
                          PointerGetDatum(cstring_to_text_with_len(
                              block[0].term.data(), static_cast<int>(block[0].term.size()))),
                          vector};
        append_model_row(writer, values);
        trained->monitor()->between_batches();
        progress_advance(1);
        MemoryContextSwitchTo(before);
        MemoryContextReset(rows);
    }
    close_model_writer(writer);
    MemoryContextDelete(rows);
    return static_cast<std::int64_t>(count);
}

std::int64_t write_items(std::int32_t model_id, Trained* trained) {
    const ItemItem* matrix = trained->item_item();
    if (matrix == nullptr) {
        return 0;
    }
    ModelWriter* writer = open_model_writer("model_items");
    MemoryContext const rows =
        AllocSetContextCreate(CurrentMemoryContext, "knowhow items", ALLOCSET_DEFAULT_SIZES);
    std::int64_t written = 0;
    for (std::int32_t item = 0; item < matrix->item_count(); ++item) {
        std::span<const Target> const row = matrix->row(item);
        if (row.empty()) {
            continue;
        }
        MemoryContext const before = MemoryContextSwitchTo(rows);
        std::int32_t* targets =
            static_cast<std::int32_t*>(palloc(sizeof(std::int32_t) * row.size()));
        float* weights = static_cast<float*>(palloc(sizeof(float) * row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            targets[i] = row[i].position;
            weights[i] = row[i].weight;
        }
        int const count = static_cast<int>(row.size());
        Datum values[] = {
            Int32GetDatum(model_id),
            Int64GetDatum(trained->interactions().items()[static_cast<std::size_t>(item)]),
            Int32GetDatum(item), int4_array(targets, count), float4_array(weights, count)};
        append_model_row(writer, values);
        trained->monitor()->between_batches();
        progress_advance(1);
        MemoryContextSwitchTo(before);
        MemoryContextReset(rows);
        written += count;
    }
    close_model_writer(writer);
    MemoryContextDelete(rows);
    return written;
}

// How many rows write_model_rows() writes.
std::int64_t rows_to_write(const Trained* trained) {
    std::int64_t rows = blocks(trained->term_counts().size(), kTermsPerBlock) +
                        blocks(trained->label_counts().size(), kTermsPerBlock) +
                        blocks(trained->interactions().items().size(), kPositionsPerBlock);
    const ItemItem* matrix = trained->item_item();
    for (std::int32_t item = 0; matrix != nullptr && item < matrix->item_count(); ++item) {
        rows += !matrix->row(item).empty();
    }
    return rows;
}

void write_positions(std::int32_t model_id, Trained* trained) {
    std::span<const std::int64_t> const items = trained->interactions().items();
    ModelWriter* writer = open_model_writer("model_positions");
    MemoryContext const rows =
        AllocSetContextCreate(CurrentMemoryContext, "knowhow positions", ALLOCSET_DEFAULT_SIZES);
    for (std::size_t first = 0; first < items.size(); first += kPositionsPerBlock) {
        MemoryContext const before = MemoryContextSwitchTo(rows);
        int const count = static_cast<int>(
            std::min<std::size_t>(kPositionsPerBlock, items.size() - first));
        Datum values[] = {Int32GetDatum(model_id),
                          Int32GetDatum(static_cast<std::int32_t>(first / kPositionsPerBlock)),
                          Int64GetDatum(items[first]),
                          int8_array(items.data() + first, count),
                          float4_array(trained->popularity().data() + first, count),
                          int4_array(trained->by_popularity().data() + first, count),
                          float4_array(trained->interactions().trending().data() + first, count),
                          int4_array(trained->by_trending().data() + first, count)};
        append_model_row(writer, values);
        trained->monitor()->between_batches();
        progress_advance(1);
        MemoryContextSwitchTo(before);
        MemoryContextReset(rows);
    }
    close_model_writer(writer);
    MemoryContextDelete(rows);
}

// {"validation": what the search for weights came to, "weights": those found, if better}
Jsonb* metrics_of(const Weighing& weighing) {
    StringInfoData json;
    initStringInfo(&json);
    appendStringInfo(&json, "{\"validation\": {\"outcome\": \"%s\"", weighing.outcome);
    const FoundWeights& found = weighing.found;
    if (found.people > 0) {
        appendStringInfo(&json,
                         ", \"people\": " INT64_FORMAT
                         ", \"ndcg_given\": %.6f, \"ndcg_found\": %.6f, \"low\": %.6f, "
                         "\"high\": %.6f",
                         found.people, found.before, found.after, found.low, found.high);
    }
    appendStringInfoChar(&json, '}');
    if (found.better) {
        RankingOptions ranking = found.ranking;
        const char* separator = ", \"weights\": {";
        for (const SignalWeight& weight : signal_weights()) {
            appendStringInfo(&json, "%s\"%s\": %.17g", separator, weight.parameter.data(),
                             weight.of(ranking));
            separator = ", ";
        }
        appendStringInfoChar(&json, '}');
    }
    appendStringInfoChar(&json, '}');
    return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

}  // namespace

ModelResult write_model_rows(std::int32_t model_id, Trained* trained) {
    progress_update(0, rows_to_write(trained));
    std::int64_t const terms = write_statistics(model_id, kTermStatistics, trained, trained->term_counts());
    std::int64_t const labels = write_statistics(model_id, kLabelStatistics, trained, trained->label_counts());
    std::int64_t const weights = write_items(model_id, trained);
    write_positions(model_id, trained);

    ModelResult result = {};
    result.text_version = text_version();
    result.documents = trained->documents();
    result.people = trained->interactions().user_count();
    result.interactions = static_cast<int64>(trained->interactions().size());
    result.metrics = metrics_of(trained->weighing());
    std::int32_t const newest = trained->interactions().newest_minute();
    result.newest_interaction =
        newest == kNoMinute ? DT_NOBEGIN : newest * static_cast<int64>(USECS_PER_MINUTE);
    result.sizes = DatumGetJsonbP(DirectFunctionCall1(
        jsonb_in, CStringGetDatum(psprintf(
                      "{\"terms\": " INT64_FORMAT ", \"labels\": " INT64_FORMAT
                      ", \"items\": %d, \"weights\": " INT64_FORMAT
                      ", \"training_memory_kb\": %zu}",
                      terms, labels, trained->interactions().item_count(), weights,
                      trained->peak_memory() / 1024))));
    return result;
}

}  // namespace knowhow::server
