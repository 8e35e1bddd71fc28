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

namespace knowhow::server {

// Engine objects belong to the memory context of the call.
struct Serving {
    const Request* request;
    const Recommender* recommender;
    Model* model;          // NULL before the first training
    ModelReader* reader;   // NULL where there is no model
    Sources* sources;
    Person* person;
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

}  // namespace knowhow::server
