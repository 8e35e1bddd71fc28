// The collaborative signal of algorithm user_knn: the neighbour formula over people, from the
// ratings that can be read now (engine/learn/user_knn.hpp). It trains nothing.
#pragma once

#include "engine/learn/user_knn.hpp"
#include "engine/rank/ranking.hpp"
#include "server/recommend/request.hpp"

namespace knowhow::server {

struct NeighbourResult {
    const NeighbourScore* scores;   // by descending score, then item; own items too
    std::size_t count;
    double largest_own;   // the largest score of an item that the person has rated; 0 for none
    const Neighbour* nearest;
    std::size_t nearest_count;
};

// A PostgreSQL phase: call it with no destructor pending, with SPI connected. Scores stand in the
// current memory context. `k`: how many nearest people count. Ratings come from the recommender's
// ratings or, where none are bound, from the weights of its interactions; a person given by a list
// of snippets has rated each of them 1.
NeighbourResult neighbour_scores(const Request* request, int k);

// Those of the nearest who have rated the snippet; *count is set to how many they are.
const Reader* readers_of(const Request* request, const NeighbourResult& result,
                         std::int64_t snippet_id, std::size_t* count);

}  // namespace knowhow::server
