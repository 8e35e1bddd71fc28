#include "server/recommend/serving.hpp"

extern "C" {
#include <utils/array.h>
}

#include <algorithm>

#include "engine/rank/weighting.hpp"
#include "server/model/writer.hpp"

namespace knowhow::server {
namespace {

Datum id_array(SPITupleTable* rows) {
    std::int64_t* ids = static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * rows->numvals + 1));
    for (std::uint64_t i = 0; i < rows->numvals; ++i) {
        ids[i] = int8_column(rows, i, 1);
    }
    return int8_array(ids, static_cast<int>(rows->numvals));
}

std::span<const Link> read_links(const Serving& serving, const std::vector<std::int64_t>& ids) {
    SPITupleTable* rows = links_of(serving.sources,
                                   int8_array(ids.data(), static_cast<int>(ids.size())));
    Link* links = static_cast<Link*>(palloc_extended(sizeof(Link) * rows->numvals + 1,
                                                     MCXT_ALLOC_HUGE));
    for (std::uint64_t i = 0; i < rows->numvals; ++i) {
        bool null;
        links[i] = {int8_column(rows, i, 1), int8_column(rows, i, 2), view_column(rows, i, 3),
                    DatumGetBool(datum_column(rows, i, 4, &null))};
    }
    CHECK_FOR_INTERRUPTS();
    return {links, rows->numvals};
}

}  // namespace

void read_person(Serving& serving) {
    const Request* request = serving.request;
    Person* person = serving.person;
    if (request->history != nullptr) {
        for (int i = 0; i < request->history_count; ++i) {
            if (!person->contains(request->history[i])) {
                person->add(request->history[i], 1);
            }
        }
    } else if (request->has_user) {
        SPITupleTable* rows = stored_history(
            request, static_cast<std::int64_t>(param(serving, "history")));
        for (std::uint64_t i = 0; i < rows->numvals; ++i) {
            person->add(int8_column(rows, i, 1), float8_column(rows, i, 2, 0));
        }
    }
    if (person->empty()) {
        return;
    }

    std::int64_t* ids =
        static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * person->items().size()));
    int count = 0;
    for (const HistoryItem& item : person->items()) {
        ids[count++] = item.id;
    }
    SPITupleTable* rows = shown(serving.sources, int8_array(ids, count));
    for (std::uint64_t i = 0; i < rows->numvals; ++i) {
        CHECK_FOR_INTERRUPTS();
        DescribedRow const row = described_row(rows, i);
        person->describe(row.id, row.title, row.content);
    }
    person->keep_readable();
    if (person->empty()) {
        return;
    }
    Datum const readable = id_array(rows);
    SPITupleTable* labels = labels_of(serving.sources, readable);
    for (std::uint64_t i = 0; labels != nullptr && i < labels->numvals; ++i) {
        person->add_label(int8_column(labels, i, 1), view_column(labels, i, 2));
    }
    if (serving.reader != nullptr && !uses_neighbours(serving)) {
        for (std::size_t i = 0; i < person->items().size(); ++i) {
            CHECK_FOR_INTERRUPTS();
            std::int64_t const id = person->items()[i].id;
            ItemRow row;
            if (read_item_row(serving.reader, id, &row)) {
                person->add_row(id, row.position,
                                {row.targets, static_cast<std::size_t>(row.count)},
                                {row.weights, static_cast<std::size_t>(row.count)});
            }
        }
    }
    std::size_t const strongest = static_cast<std::size_t>(param(serving, "profile_terms"));
    person->set_term_idf(idf_of(serving, kTermStatistics, person->collect_terms(strongest)));
    double const largest_idf = idf(0, serving.model == nullptr ? 0 : serving.model->documents);
    person->set_term_idf(
        idf_of(serving, kTermStatistics, person->collect_more_terms(largest_idf)));
    person->build_profile();
    serving.label_counts = document_counts(serving, kLabelStatistics, person->collect_labels());
    person->build_labels(idf_of(serving, serving.label_counts));
}

void read_walk(Serving& serving) {
    Walk* const walk =
        adopt(CurrentMemoryContext, std::make_unique<Walk>(*serving.person));
    std::vector<std::int64_t>* const starts = adopt(
        CurrentMemoryContext, std::make_unique<std::vector<std::int64_t>>(walk->starts()));
    if (starts->empty()) {
        return;
    }
    walk->add_first(read_links(serving, *starts));
    const std::vector<std::int64_t>& seconds = walk->seconds();
    if (seconds.empty()) {
        return;
    }
    walk->add_second(read_links(serving, seconds));
    SPITupleTable* labels = labels_of(
        serving.sources, int8_array(seconds.data(), static_cast<int>(seconds.size())));
    for (std::uint64_t i = 0; labels != nullptr && i < labels->numvals; ++i) {
        walk->add_label(int8_column(labels, i, 1), view_column(labels, i, 2));
    }
    walk->set_label_counts(
        document_counts(serving, kLabelStatistics, walk->collect_labels()));
    serving.walk = walk;
    serving.ranking->set_walk(walk);
}

}  // namespace knowhow::server
