#include "engine/evaluate/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

double gain(std::size_t rank) {
    return 1 / std::log2(static_cast<double>(rank) + 1);
}

void check(std::span<const std::size_t> ranks, std::size_t relevant, std::size_t k) {
    if (k == 0 || relevant == 0) {
        throw Error(ErrorCode::kInvalidArgument,
                    std::string(k == 0 ? "k" : "the number of relevant snippets") +
                        " must be at least 1, not 0");
    }
    if (ranks.size() > relevant) {
        throw Error(ErrorCode::kInvalidArgument, std::to_string(ranks.size()) +
                                                     " relevant snippets are ranked, but only " +
                                                     std::to_string(relevant) + " are relevant");
    }
    std::size_t before = 0;
    for (std::size_t rank : ranks) {
        if (rank <= before) {
            throw Error(ErrorCode::kInvalidArgument,
                        "rank " + std::to_string(rank) + " follows rank " + std::to_string(before),
                        "Ranks ascend from 1.");
        }
        before = rank;
    }
}

}  // namespace

ListMetrics list_metrics(std::span<const std::size_t> ranks, std::size_t relevant, std::size_t k) {
    check(ranks, relevant, k);
    ListMetrics metrics;
    double gains = 0;
    double precisions = 0;
    std::size_t hits = 0;
    for (std::size_t rank : ranks) {
        if (rank > k) {
            break;
        }
        ++hits;
        gains += gain(rank);
        precisions += static_cast<double>(hits) / static_cast<double>(rank);
    }
    if (hits == 0) {
        return metrics;
    }
    std::size_t const possible = std::min(relevant, k);
    double ideal = 0;
    for (std::size_t rank = 1; rank <= possible; ++rank) {
        ideal += gain(rank);
    }
    metrics.precision = static_cast<double>(hits) / static_cast<double>(k);
    metrics.recall = static_cast<double>(hits) / static_cast<double>(relevant);
    metrics.hit_rate = 1;
    metrics.ndcg = gains / ideal;
    metrics.average_precision = precisions / static_cast<double>(possible);
    metrics.reciprocal_rank = 1 / static_cast<double>(ranks.front());
    return metrics;
}

}  // namespace knowhow
