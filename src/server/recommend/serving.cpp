#include "server/recommend/serving.hpp"

extern "C" {
#include <executor/spi.h>
}

#include <algorithm>
#include <cstring>

#include "engine/rank/signal_weights.hpp"
#include "server/catalog/params.hpp"
#include "server/catalog/relation.hpp"
#include "server/text/to_tfidf.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

// The query's vector, idf included, or 0.
Datum vector_of_query(const Serving& serving) {
    const char* query = serving.request->query;
    if (query == nullptr) {
        return 0;
    }
    return query_vector(text_config(*serving.recommender), {query, strlen(query)}, serving.model,
                        Weighting());
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

// A knowledge base of so many snippets, as far as the model knows, is ranked whole, unless pool_depth is
// named: of a small one each answer can be checked by hand. So is what nobody has trained yet.
constexpr std::int64_t kRankedWhole = 1000;

// How many candidates each signal brings.
std::int64_t candidates_wanted(const Serving& serving) {
    if (serving.request->mode == Mode::kSearch) {
        return serving.request->max_results;   // it ranks by what its one source orders by
    }
    const char* const name = "pool_depth";
    bool const small = serving.model == nullptr || serving.model->documents <= kRankedWhole;
    return std::max({static_cast<std::int64_t>(param(serving, name)),
                     std::int64_t{3} * serving.request->max_results,
                     small && !names_param(*serving.recommender, name) ? kRankedWhole : 0});
}

}  // namespace

double param(const Serving& serving, const char* name) {
    return param_number(*serving.recommender, name);
}

bool uses_neighbours(const Serving& serving) {
    return strcmp(serving.recommender->algorithm, "user_knn") == 0;
}

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

std::span<const double> idf_of(const Serving& serving, std::span<const std::int64_t> counts) {
    std::int64_t const documents = serving.model == nullptr ? 0 : serving.model->documents;
    double* values = static_cast<double*>(palloc(sizeof(double) * counts.size() + 1));
    std::ranges::transform(counts, values,
                           [=](std::int64_t count) { return idf(count, documents); });
    return {values, counts.size()};
}

std::span<const double> idf_of(const Serving& serving, char kind,
                               const std::vector<std::string_view>& names) {
    return idf_of(serving, document_counts(serving, kind, names));
}

void open_serving(Serving* serving, const Request* request) {
    *serving = {};
    serving->parts.start();
    serving->request = request;
    serving->recommender = request->recommender;
    SPI_connect();
    serving->model = active_model(request->recommender->id);
    serving->wanted = candidates_wanted(*serving);
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
        add_explained(*serving);
    }
    if (serving->ranking->size() > 0) {
        describe_candidates(*serving);
    }
    serving->parts.end(Part::kDescribe);
}

void close_serving(Serving* serving) {
    if (serving->reader != nullptr) {
        close_model_reader(serving->reader);
    }
    SPI_finish();
}

}  // namespace knowhow::server
