// One request while it is answered: what was read for it, and the candidates with what every signal
// says of them.
//
// All functions here are PostgreSQL phases: call them with no destructor pending.
#pragma once

#include "engine/rank/person.hpp"
#include "engine/rank/ranking.hpp"
#include "server/catalog/model.hpp"
#include "server/model/reader.hpp"
#include "server/recommend/neighbours.hpp"
#include "server/recommend/parts.hpp"
#include "server/recommend/request.hpp"
#include "server/recommend/sources.hpp"
#include "server/text/statistics.hpp"

namespace knowhow::server {

// Engine objects belong to the memory context of the call.
struct Serving {
    const Request* request;
    const Recommender* recommender;
    Model* model;          // NULL before the first training
    ModelReader* reader;   // NULL where there is no model
    Sources* sources;
    Person* person;
    std::span<const std::int64_t> label_counts;   // in how many snippets each of person->labels() is
    Ranking* ranking;
    RankingOptions options;
    Walk* walk;            // NULL where no links are bound, or none leads from what was liked
    SPITupleTable* team;   // what colleagues like; NULL where the person has a history or no team
    std::int64_t wanted;   // candidates from each signal
    NeighbourResult neighbours;   // of algorithm user_knn only
    Signal source;         // of the candidates that are being added
    Parts parts;
    unsigned found_by;     // 1 << signal, of those that brought the snippet to be explained

    std::int32_t model_id() const { return model == nullptr ? 0 : model->id; }
};

// Connects SPI, reads the person, gathers the candidates and describes them: ready to be ranked.
// A snippet that is to be explained is added to them where the person may see it.
void open_serving(Serving* serving, const Request* request);

// Disconnects SPI.
void close_serving(Serving* serving);

// --- its parts, in this order, each in a file of its own ----------------------------------------

// The history of the person, or what stands in its place, and what follows from it.
void read_person(Serving& serving);
// The walk over links from what the person liked.
void read_walk(Serving& serving);

// The best of each signal; query: its vector, idf included, or 0.
void collect_candidates(Serving& serving, Datum query);
// The snippet that is to be explained, where the person may see it.
void add_explained(Serving& serving);

// What the signals say of every candidate.
void describe_candidates(Serving& serving);

// --- what the parts have in common ---------------------------------------------------------------

// A number among the recommender's parameters.
double param(const Serving& serving, const char* name);

bool uses_neighbours(const Serving& serving);

// In how many snippets each of `names`, ascending by bytes, stands, by the model's statistics of that
// kind; 0 where there is no model.
std::span<const std::int64_t> document_counts(const Serving& serving, char kind,
                                              const std::vector<std::string_view>& names);
// The idf that follows from them.
std::span<const double> idf_of(const Serving& serving, std::span<const std::int64_t> counts);
std::span<const double> idf_of(const Serving& serving, char kind,
                               const std::vector<std::string_view>& names);

}  // namespace knowhow::server
