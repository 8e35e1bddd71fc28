#include "server/recommend/serve.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <utils/array.h>
#include <utils/fmgrprotos.h>
#include <utils/timestamp.h>
#include <utils/tuplestore.h>
}

#include <algorithm>
#include <cstring>

#include "engine/rank/signal_weights.hpp"
#include "server/catalog/params.hpp"
#include "server/catalog/relation.hpp"
#include "server/model/writer.hpp"
#include "server/module.hpp"
#include "server/recommend/serving.hpp"
#include "server/text/statistics.hpp"
#include "server/text/to_tfidf.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

// Positions that are looked up at once, at most.
constexpr std::size_t kMostPositionsAtOnce = 1 << 20;

// Rows of labels that are read to find snippets that carry them, at most.
constexpr std::int64_t kLabelRows = 1000;

// Rows of snippets that the model does not know, at most: there are few unless nobody trains.
constexpr std::int64_t kMostRowsOfUnknown = 20000;

double param(const Serving& serving, const char* name) {
    return param_number(*serving.recommender, name);
}

bool uses_neighbours(const Serving& serving) {
    return strcmp(serving.recommender->algorithm, "user_knn") == 0;
}

Datum id_array(SPITupleTable* rows) {
    std::int64_t* ids = static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * rows->numvals + 1));
    for (std::uint64_t i = 0; i < rows->numvals; ++i) {
        ids[i] = int8_column(rows, i, 1);
    }
    return int8_array(ids, static_cast<int>(rows->numvals));
}

// Adds the first `most`; returns how many they were. The rows stay: candidates are views of them.
std::int64_t add_candidates(Serving& serving, SPITupleTable* rows, std::int64_t most) {
    std::uint64_t const count = std::min<std::uint64_t>(rows->numvals, static_cast<std::uint64_t>(most));
    for (std::uint64_t i = 0; i < count; ++i) {
        CHECK_FOR_INTERRUPTS();
        DescribedRow const row = described_row(rows, i);
        if (serving.ranking->add(row.id)) {
            serving.ranking->describe(row.id, row.title, row.content);
            if (row.age >= 0) {
                serving.ranking->set_age(row.id, row.age);
            }
        }
        if (serving.request->explained != nullptr && row.id == *serving.request->explained) {
            serving.found_by |= 1U << serving.source;
        }
    }
    return static_cast<std::int64_t>(count);
}

// Adds those of `ids` that pass the filters and are not excluded; returns how many they were.
std::int64_t add_allowed(Serving& serving, std::int64_t* ids, int count) {
    std::int64_t* const end = std::remove_if(
        ids, ids + count, [&](std::int64_t id) { return is_excluded(serving.sources, id); });
    return add_candidates(serving,
                          allowed(serving.sources, int8_array(ids, static_cast<int>(end - ids))),
                          end - ids);
}

// In how many snippets each of `names`, ascending by bytes, stands, by the model's statistics of that
// kind; 0 where there is no model.
std::span<const std::int64_t> document_counts(const Serving& serving, char kind,
                                              const std::vector<std::string_view>& names) {
    TermWeight* terms = static_cast<TermWeight*>(palloc(sizeof(TermWeight) * names.size() + 1));
    for (std::size_t i = 0; i < names.size(); ++i) {
        terms[i] = {names[i], 0};
    }
    const std::int64_t* const counts =
        serving.model == nullptr
            ? static_cast<std::int64_t*>(palloc0(sizeof(std::int64_t) * names.size() + 1))
            : term_statistics(serving.model->id, kind, {terms, names.size()});
    return {counts, names.size()};
}

// Their idf.
std::span<const double> idf_of(const Serving& serving, char kind,
                               const std::vector<std::string_view>& names) {
    std::int64_t const documents = serving.model == nullptr ? 0 : serving.model->documents;
    double* values = static_cast<double*>(palloc(sizeof(double) * names.size() + 1));
    std::ranges::transform(document_counts(serving, kind, names), values,
                           [=](std::int64_t count) { return idf(count, documents); });
    return {values, names.size()};
}

// --- the person ---------------------------------------------------------------------------------

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
    person->build_labels(idf_of(serving, kLabelStatistics, person->collect_labels()));
}

// --- links --------------------------------------------------------------------------------------

std::span<const Link> read_links(const Serving& serving, const std::vector<std::int64_t>& ids) {
    SPITupleTable* rows = links_of(serving.sources,
                                   int8_array(ids.data(), static_cast<int>(ids.size())));
    Link* links = static_cast<Link*>(palloc_extended(sizeof(Link) * rows->numvals + 1,
                                                     MCXT_ALLOC_HUGE));
    for (std::uint64_t i = 0; i < rows->numvals; ++i) {
        bool null;
        links[i] = {int8_column(rows, i, 1), int8_column(rows, i, 2),
                    view_column(rows, i, 3),
                    DatumGetBool(datum_column(rows, i, 4, &null))};
    }
    CHECK_FOR_INTERRUPTS();
    return {links, rows->numvals};
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

// --- candidates ---------------------------------------------------------------------------------

// Adds those snippets at model positions that pass the filters; returns how many did.
std::int64_t add_positions(Serving& serving, const std::int32_t* positions, std::size_t count) {
    // Blocks are read in the order of positions, each once.
    std::int32_t* sorted = static_cast<std::int32_t*>(palloc(sizeof(std::int32_t) * count + 1));
    std::copy_n(positions, count, sorted);
    std::sort(sorted, sorted + count);
    std::int64_t* ids = static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * count + 1));
    int known = 0;
    PositionBlock block = {};
    bool have_block = false;
    for (std::size_t i = 0; i < count; ++i) {
        CHECK_FOR_INTERRUPTS();
        std::int32_t const number = sorted[i] / kPositionsPerBlock;
        if (!have_block || block.first_position / kPositionsPerBlock != number) {
            have_block = read_block(serving.reader, number, &block);
        }
        std::int32_t const offset = sorted[i] % kPositionsPerBlock;
        if (have_block && offset >= 0 && offset < block.count) {
            ids[known++] = block.snippet_ids[offset];
        }
    }
    std::int64_t const found = add_allowed(serving, ids, known);
    CHECK_FOR_INTERRUPTS();
    return found;
}

void add_collaborative(Serving& serving) {
    const std::vector<PositionScore>& scores = serving.person->collect_positions();
    std::int32_t* positions =
        static_cast<std::int32_t*>(palloc(sizeof(std::int32_t) * scores.size() + 1));
    std::size_t count = 0;
    while (count < scores.size() && scores[count].score > 0) {
        positions[count] = scores[count].position;
        ++count;
    }
    // Best first, until enough of them pass the filters: at first what is wanted, then twice what is
    // missing, and more and more where few pass.
    std::size_t chunk = static_cast<std::size_t>(serving.wanted);
    std::int64_t found = 0;
    for (std::size_t first = 0, round = 1; first < count && found < serving.wanted; ++round) {
        std::size_t const size = std::min(chunk, count - first);
        found += add_positions(serving, positions + first, size);
        first += size;
        chunk = static_cast<std::size_t>(std::max<std::int64_t>(100, serving.wanted - found)) << round;
    }
}

void add_neighbours(Serving& serving) {
    serving.neighbours =
        neighbour_scores(serving.request, static_cast<int>(param(serving, "k")));
    const NeighbourResult& result = serving.neighbours;
    std::size_t const most = std::min<std::size_t>(
        result.count, static_cast<std::size_t>(serving.wanted) + serving.person->items().size());
    std::int64_t* ids = static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * most + 1));
    int count = 0;
    for (std::size_t i = 0; i < most && result.scores[i].score > 0; ++i) {
        ids[count++] = result.scores[i].item;
    }
    add_allowed(serving, ids, count);
}

// Those of the liked labels, most liked first, that together stand in about as many snippets as are
// wanted: a topic of half the company leads to nothing in particular, and reading whom it concerns
// would take longer than the rest of the request.
std::vector<Share>* telling_labels(const Serving& serving) {
    const std::vector<Share>& liked = serving.person->liked_labels();
    std::vector<std::string_view>* const names = adopt(
        CurrentMemoryContext, std::make_unique<std::vector<std::string_view>>());
    for (const Share& label : liked) {
        names->push_back(label.name);
    }
    std::sort(names->begin(), names->end());
    std::span<const std::int64_t> const counts =
        document_counts(serving, kLabelStatistics, *names);
    std::vector<Share>* const telling =
        adopt(CurrentMemoryContext, std::make_unique<std::vector<Share>>());
    std::int64_t rows = std::max(kLabelRows, serving.wanted);
    for (const Share& label : liked) {
        auto const place = std::lower_bound(names->begin(), names->end(), label.name);
        std::int64_t const count = counts[static_cast<std::size_t>(place - names->begin())];
        if (count <= rows) {
            rows -= count;
            telling->push_back(label);
        }
    }
    return telling;
}

void add_by_labels(Serving& serving) {
    const std::vector<Share>& liked = *telling_labels(serving);
    if (liked.empty()) {
        return;
    }
    Datum* names = static_cast<Datum*>(palloc(sizeof(Datum) * liked.size()));
    Datum* values = static_cast<Datum*>(palloc(sizeof(Datum) * liked.size()));
    for (std::size_t i = 0; i < liked.size(); ++i) {
        names[i] = PointerGetDatum(
            cstring_to_text_with_len(liked[i].name.data(), static_cast<int>(liked[i].name.size())));
        values[i] = Float8GetDatum(liked[i].value);
    }
    int const count = static_cast<int>(liked.size());
    add_candidates(
        serving,
        by_labels(serving.sources,
                  PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT)),
                  PointerGetDatum(
                      construct_array(values, count, FLOAT8OID, 8, true, TYPALIGN_DOUBLE)),
                  serving.wanted),
        serving.wanted);
}

void add_linked(Serving& serving) {
    std::vector<std::int64_t>* const reached = adopt(
        CurrentMemoryContext, std::make_unique<std::vector<std::int64_t>>(serving.walk->reached()));
    std::size_t const most = std::min<std::size_t>(
        reached->size(),
        static_cast<std::size_t>(serving.wanted) + serving.person->items().size());
    add_allowed(serving, reached->data(), static_cast<int>(most));
}

// For a person of whom nothing is known.
void add_team(Serving& serving) {
    const Request* request = serving.request;
    if (!serving.person->empty() || request->history != nullptr || !request->has_user) {
        return;
    }
    serving.team = liked_in_team(serving.sources, serving.wanted);
    std::uint64_t const count = serving.team == nullptr ? 0 : serving.team->numvals;
    std::int64_t* ids = static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * count + 1));
    for (std::uint64_t i = 0; i < count; ++i) {
        ids[i] = int8_column(serving.team, i, 1);
    }
    add_allowed(serving, ids, static_cast<int>(count));
}

// The best by popularity or by trend.
void add_in_demand(Serving& serving, const std::int32_t* PositionBlock::*order,
                   std::int64_t wanted) {
    std::size_t chunk = static_cast<std::size_t>(wanted);
    std::int64_t found = 0;
    bool more = true;
    for (std::int32_t number = 0; more && found < wanted;
         chunk = std::min(chunk * 4, kMostPositionsAtOnce)) {
        std::int32_t* positions = static_cast<std::int32_t*>(
            palloc(sizeof(std::int32_t) * (chunk + kPositionsPerBlock)));
        std::size_t count = 0;
        PositionBlock block;
        while (count < chunk && (more = read_block(serving.reader, number, &block))) {
            ++number;
            int const most = std::min(block.count, kPositionsPerBlock);
            std::copy_n(block.*order, most, positions + count);
            count += static_cast<std::size_t>(most);
        }
        found += add_positions(serving, positions, count);
    }
}

// The query's vector, idf included, or 0.
Datum vector_of_query(const Serving& serving) {
    const char* query = serving.request->query;
    if (query == nullptr) {
        return 0;
    }
    return query_vector(text_config(*serving.recommender), {query, strlen(query)}, serving.model,
                        Weighting());
}

void collect_candidates(Serving& serving, Datum query) {
    serving.source = kText;
    if (query != 0) {
        add_candidates(serving, nearest_by_content(serving.sources, query, serving.wanted),
                       serving.wanted);
    }
    serving.parts.end(Part::kText);
    if (serving.request->mode == Mode::kSearch) {
        return;
    }
    if (!serving.person->empty()) {
        serving.source = kProfile;
        if (!serving.person->profile().empty()) {
            Datum const profile = tfidf_datum(serving.person->profile());
            add_candidates(serving, nearest_by_content(serving.sources, profile, serving.wanted),
                           serving.wanted);
        }
        serving.parts.end(Part::kProfile);
        serving.source = kCollaborative;
        if (uses_neighbours(serving)) {
            add_neighbours(serving);
        } else if (serving.reader != nullptr) {
            add_collaborative(serving);
        }
        serving.parts.end(Part::kCollaborative);
        serving.source = knowhow::kLabels;   // the signals, not the roles
        if (OidIsValid(serving.recommender->labels)) {
            add_by_labels(serving);
        }
        serving.parts.end(Part::kLabels);
        serving.source = knowhow::kLinks;
        if (serving.walk != nullptr) {
            add_linked(serving);
        }
    }
    if (serving.request->mode == Mode::kRecommend) {
        serving.source = kTeam;
        add_team(serving);
        std::int64_t const some = std::max<std::int64_t>(100, 3LL * serving.request->max_results);
        serving.source = kPopularity;
        if (serving.reader != nullptr) {
            add_in_demand(serving, &PositionBlock::by_popularity, some);
            if (serving.options.fusion.trending_weight > 0) {
                serving.source = kTrending;
                add_in_demand(serving, &PositionBlock::by_trending, some);
            }
        }
        serving.source = kFreshness;
        add_candidates(serving, newest(serving.sources, some), some);
    }
    serving.parts.end(Part::kOthers);
}

// --- what every signal says of every candidate ---------------------------------------------------

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

void describe_candidates(Serving& serving) {
    Ranking* ranking = serving.ranking;
    const std::vector<std::int64_t>& ids = ranking->ids();
    Datum const all = int8_array(ids.data(), static_cast<int>(ids.size()));
    if (serving.request->mode == Mode::kSearch) {
        return;
    }
    // What it takes to read the labels of thousands is spared where they say nothing.
    SPITupleTable* labels = serving.person->has_labels() || serving.walk != nullptr
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

void read_ranking_options(Serving& serving) {
    RankingOptions& options = serving.options;
    // Weights are found for what is shown to people who ask for nothing.
    bool const for_person = serving.request->mode == Mode::kRecommend;
    bool const use_found =
        for_person && serving.request->query == nullptr && serving.model != nullptr;
    read_signal_weights(*serving.recommender,
                        use_found ? found_weights(*serving.model) : nullptr, &options);
    if (const Baseline* const baseline = find_baseline(serving.recommender->algorithm);
        baseline != nullptr && for_person) {
        rank_by(*baseline, options);
    }
    options.diversity = serving.request->diversity;
    options.explore = serving.request->explore;
    options.seed = serving.request->seed;
    options.text_only = serving.request->mode == Mode::kSearch;
}

// Engine code. The answers belong to the ranking.
const std::vector<knowhow::Answer>* rank(Serving& serving) {
    InterruptMonitor monitor;
    MemoryBudget budget(static_cast<std::size_t>(settings::max_memory) * 1024);
    return &serving.ranking->rank(static_cast<std::size_t>(serving.request->max_results),
                                  serving.model_id(), monitor, budget);
}

void put_answers(const std::vector<knowhow::Answer>& answers, ReturnSetInfo* result) {
    MemoryContext const row = AllocSetContextCreate(CurrentMemoryContext, "knowhow answer",
                                                    ALLOCSET_DEFAULT_SIZES);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const knowhow::Answer& answer = answers[i];
        MemoryContext const before = MemoryContextSwitchTo(row);
        Datum values[7] = {
            Int32GetDatum(static_cast<std::int32_t>(i) + 1),
            Int64GetDatum(answer.id),
            PointerGetDatum(cstring_to_text_with_len(answer.title.data(),
                                                     static_cast<int>(answer.title.size()))),
            Float8GetDatum(answer.score),
            PointerGetDatum(cstring_to_text_with_len(answer.reason.data(),
                                                     static_cast<int>(answer.reason.size()))),
            DirectFunctionCall1(jsonb_in, CStringGetDatum(answer.evidence.c_str())),
            Float8GetDatum(answer.propensity)};
        bool nulls[7] = {};
        nulls[2] = answer.title.data() == nullptr;
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
        MemoryContextSwitchTo(before);
        MemoryContextReset(row);
        CHECK_FOR_INTERRUPTS();
    }
    MemoryContextDelete(row);
}

}  // namespace

void open_serving(Serving* serving, const Request* request) {
    *serving = {};
    serving->parts.start();
    serving->request = request;
    serving->recommender = request->recommender;
    serving->wanted = std::max(static_cast<std::int64_t>(param(*serving, "pool_depth")),
                               std::int64_t{3} * request->max_results);
    SPI_connect();
    serving->model = active_model(request->recommender->id);
    serving->reader = serving->model == nullptr ? nullptr : open_model_reader(serving->model->id);
    serving->sources = open_sources(request);
    InterruptMonitor* const monitor =
        adopt(CurrentMemoryContext, std::make_unique<InterruptMonitor>());
    serving->person = adopt(CurrentMemoryContext, std::make_unique<Person>(*monitor));
    read_ranking_options(*serving);
    serving->ranking = adopt(CurrentMemoryContext,
                             std::make_unique<Ranking>(*serving->person, serving->options));
    read_person(*serving);
    // Grants that were made before there were links keep working: without this one, no walk.
    if (OidIsValid(request->recommender->links) && may_read(request->recommender->links)) {
        read_walk(*serving);
    }
    serving->parts.end(Part::kPerson);
    Datum const query = vector_of_query(*serving);
    if (query != 0) {
        serving->ranking->set_query(tfidf_view(query));
    }
    collect_candidates(*serving, query);
    if (request->explained != nullptr) {
        unsigned const found_by = serving->found_by;
        add_candidates(*serving, shown(serving->sources, int8_array(request->explained, 1)), 1);
        serving->found_by = found_by;
    }
    if (serving->ranking->size() > 0) {
        describe_candidates(*serving);
        describe_team(*serving);
        if (uses_neighbours(*serving)) {
            describe_neighbours(*serving);
        } else {
            serving->ranking->set_largest_collaborative(serving->person->largest_position_score());
        }
    }
    serving->parts.end(Part::kDescribe);
}

void close_serving(Serving* serving) {
    if (serving->reader != nullptr) {
        close_model_reader(serving->reader);
    }
    SPI_finish();
}

void serve(const Request* request, ReturnSetInfo* result) {
    if (request->max_results == 0) {
        return;
    }
    Serving serving;
    open_serving(&serving, request);
    if (serving.ranking->size() > 0) {
        put_answers(*rank(serving), result);
    }
    serving.parts.end(Part::kRank);
    serving.parts.report(static_cast<long>(serving.ranking->size()));
    close_serving(&serving);
}

}  // namespace knowhow::server
