#include "server/recommend/serving.hpp"

extern "C" {
#include <access/xact.h>
#include <utils/timestamp.h>
}

#include "server/catalog/params.hpp"
#include "server/model/writer.hpp"

namespace knowhow::server {
namespace {

// Rows of snippets that the model does not know, at most: there are few unless nobody trains.
constexpr std::int64_t kMostRowsOfUnknown = 20000;

// What people made of snippets that are younger than the model. Who asks for nobody may have no
// right to read what people did.
void describe_unknown(Serving& serving, const Fading& fading) {
    if (!serving.request->has_user || serving.request->mode != Mode::kRecommend) {
        return;
    }
    const std::vector<std::int64_t>& ids = serving.ranking->collect_unknown(kMostUnknown);
    if (ids.empty()) {
        return;
    }
    SPITupleTable* rows =
        interactions_with(serving.sources, int8_array(ids.data(), static_cast<int>(ids.size())),
                          kMostRowsOfUnknown);
    for (std::uint64_t i = 0; i < rows->numvals; ++i) {
        CHECK_FOR_INTERRUPTS();
        bool null;
        float const weight = DatumGetFloat4(datum_column(rows, i, 2, &null));
        Datum const at = datum_column(rows, i, 3, &null);
        serving.ranking->add_row(
            int8_column(rows, i, 1),
            {null ? kNoMinute : minute_of(DatumGetTimestampTz(at)), weight});
    }
    SPI_freetuptable(rows);
    serving.ranking->add_up_rows(fading);
}

void describe_team(Serving& serving) {
    for (std::uint64_t i = 0; serving.team != nullptr && i < serving.team->numvals; ++i) {
        serving.ranking->set_team(int8_column(serving.team, i, 1),
                                  float8_column(serving.team, i, 2, 0),
                                  int8_column(serving.team, i, 3));
    }
}

void describe_neighbours(Serving& serving) {
    const NeighbourResult& result = serving.neighbours;
    for (std::size_t i = 0; i < result.count; ++i) {
        serving.ranking->set_collaborative(result.scores[i].item, result.scores[i].score);
    }
    serving.ranking->set_largest_collaborative(result.largest_own);
}

// Labels, and what the model says.
void describe_by_model(Serving& serving) {
    Ranking* ranking = serving.ranking;
    const std::vector<std::int64_t>& ids = ranking->ids();
    Datum const all = int8_array(ids.data(), static_cast<int>(ids.size()));
    // What it takes to read the labels of thousands is spared where they say nothing.
    SPITupleTable* labels = !serving.person->labels().empty() || serving.walk != nullptr
                                ? labels_of(serving.sources, all)
                                : nullptr;
    for (std::uint64_t i = 0; labels != nullptr && i < labels->numvals; ++i) {
        ranking->add_label(int8_column(labels, i, 1), view_column(labels, i, 2));
    }
    ranking->set_label_idf(idf_of(serving, kLabelStatistics, ranking->collect_labels()));
    if (serving.reader == nullptr) {
        return;
    }
    Fading const fading = {param_number(serving.model->params, "trending_half_life"),
                           minute_of(GetCurrentTransactionStartTimestamp())};
    double const since_training =
        faded(minute_of(serving.model->newest_interaction), fading.now, fading.half_life);
    // Ids ascend as the blocks do. With user_knn a model still knows how popular things are.
    PositionBlock block = {};
    std::int32_t at = 0;
    for (std::int64_t id : ids) {
        CHECK_FOR_INTERRUPTS();
        if (block.count == 0 || id > block.snippet_ids[block.count - 1]) {
            if (!read_block_of_snippet(serving.reader, id, &block)) {
                block.count = 0;
                continue;
            }
            at = 0;
        }
        while (at < block.count && block.snippet_ids[at] < id) {
            ++at;
        }
        if (at < block.count && block.snippet_ids[at] == id) {
            ranking->set_position(id, block.first_position + at,
                                  {static_cast<double>(block.popularity[at]),
                                   static_cast<double>(block.trending[at]) * since_training});
        }
    }
    describe_unknown(serving, fading);
}

}  // namespace

void describe_candidates(Serving& serving) {
    // search() ranks by the text, which came with the rows.
    if (serving.request->mode == Mode::kSearch) {
        return;
    }
    describe_by_model(serving);
    describe_team(serving);
    if (uses_neighbours(serving)) {
        describe_neighbours(serving);
    } else {
        serving.ranking->set_largest_collaborative(serving.person->largest_position_score());
    }
}

}  // namespace knowhow::server
