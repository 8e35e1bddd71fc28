#include "engine/rank/mmr.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

struct Candidate {
    double relevance;
    double norm;
    double nearest;  // the largest cosine to those taken
    bool taken;
};

}  // namespace

std::pmr::vector<std::size_t> maximal_marginal_relevance(std::span<const double> scores,
                                                         std::span<const VectorView> documents,
                                                         std::size_t count, double lambda,
                                                         Monitor& monitor, MemoryBudget& budget) {
    if (!(lambda >= 0 && lambda <= 1)) {
        throw Error(ErrorCode::kInvalidArgument, "lambda cannot be " + std::to_string(lambda),
                    "It is a number from 0 (most different) to 1 (most relevant).");
    }
    if (scores.size() != documents.size()) {
        throw Error(ErrorCode::kInvalidArgument, std::to_string(scores.size()) + " scores for " +
                                                     std::to_string(documents.size()) +
                                                     " documents");
    }
    const std::size_t n = scores.size();
    double lowest = std::numeric_limits<double>::infinity();
    double highest = -lowest;
    for (std::size_t c = 0; c < n; ++c) {
        if (!std::isfinite(scores[c])) {
            throw Error(ErrorCode::kInvalidArgument, "score of candidate " + std::to_string(c) +
                                                         " is " + std::to_string(scores[c]));
        }
        lowest = std::min(lowest, scores[c]);
        highest = std::max(highest, scores[c]);
    }

    PollEvery poll(monitor, 64);
    std::pmr::vector<Candidate> candidates(n, Candidate{}, &budget);
    for (std::size_t c = 0; c < n; ++c) {
        candidates[c].relevance = highest > lowest ? (scores[c] - lowest) / (highest - lowest) : 1;
        candidates[c].norm = std::sqrt(squared_norm(documents[c]));
        poll.step();
    }

    count = std::min(count, n);
    std::pmr::vector<std::size_t> result(&budget);
    result.reserve(count);
    while (result.size() < count) {
        std::size_t best = n;
        double best_value = 0;
        for (std::size_t c = 0; c < n; ++c) {
            if (candidates[c].taken) {
                continue;
            }
            const double value =
                lambda * candidates[c].relevance - (1 - lambda) * candidates[c].nearest;
            if (best == n || value > best_value) {
                best = c;
                best_value = value;
            }
        }
        Candidate& taken = candidates[best];
        taken.taken = true;
        result.push_back(best);
        if (result.size() == count || lambda == 1) {
            continue;
        }
        for (std::size_t c = 0; c < n; ++c) {
            Candidate& other = candidates[c];
            if (!other.taken) {
                const double norms = taken.norm * other.norm;
                const double cosine = norms > 0 ? dot(documents[best], documents[c]) / norms : 0;
                // The first one may be negative: the formula's maximum is over those taken alone.
                other.nearest = result.size() == 1 ? cosine : std::max(other.nearest, cosine);
                poll.step();
            }
        }
    }
    return result;
}

}  // namespace knowhow
