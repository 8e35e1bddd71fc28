#include "engine/rank/mmr.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "learn_support.hpp"
#include "rank_vectors.hpp"

namespace knowhow {
namespace {

double cosine(const test::Terms& a, const test::Terms& b) {
    double dot = 0, aa = 0, bb = 0;
    for (const auto& [term, weight] : a) {
        aa += weight * weight;
        const auto other = b.find(term);
        dot += other == b.end() ? 0 : weight * other->second;
    }
    for (const auto& [term, weight] : b) {
        bb += weight * weight;
    }
    return aa > 0 && bb > 0 ? dot / std::sqrt(aa * bb) : 0;
}

std::vector<VectorView> views(const std::vector<test::Vector>& vectors) {
    std::vector<VectorView> result;
    for (const test::Vector& vector : vectors) {
        result.push_back(vector.view());
    }
    return result;
}

TEST(MaximalMarginalRelevance, EqualsTheFormula) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    std::mt19937 random(1);
    for (int round = 0; round < 6; ++round) {
        const std::size_t n = 60;
        auto documents =
            test::random_documents(static_cast<std::uint32_t>(round), n, 30, 10, round % 2 == 1);
        documents[7].clear();
        const auto vectors = test::encoded(documents);
        std::vector<double> scores(n);
        for (double& score : scores) {
            score = static_cast<double>(random() % 1000) / 100 - 5;
        }
        const auto [lowest, highest] = std::minmax_element(scores.begin(), scores.end());
        for (const double lambda : {0.0, 0.3, 0.7, 1.0}) {
            std::vector<std::size_t> expected;
            std::vector<bool> taken(n);
            while (expected.size() < 20) {
                std::size_t best = n;
                double best_value = 0;
                for (std::size_t c = 0; c < n; ++c) {
                    double nearest = expected.empty() ? 0 : -2;
                    for (const std::size_t d : expected) {
                        nearest = std::max(nearest, cosine(documents[c], documents[d]));
                    }
                    const double value = lambda * (scores[c] - *lowest) / (*highest - *lowest) -
                                         (1 - lambda) * nearest;
                    if (!taken[c] && (best == n || value > best_value + 1e-12)) {
                        best = c;
                        best_value = value;
                    }
                }
                taken[best] = true;
                expected.push_back(best);
            }
            const auto result =
                maximal_marginal_relevance(scores, views(vectors), 20, lambda, monitor, budget);
            EXPECT_EQ(std::vector<std::size_t>(result.begin(), result.end()), expected)
                << "lambda " << lambda << ", round " << round;
        }
    }
}

TEST(MaximalMarginalRelevance, PassesOverADuplicate) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    const auto vectors = test::encoded({{{"a", 1}}, {{"a", 2}}, {{"b", 1}}, {{"c", 1}}});
    const std::vector<double> scores = {3, 2.9, 2, 0};
    const auto order = [&](double lambda) {
        const auto result =
            maximal_marginal_relevance(scores, views(vectors), 3, lambda, monitor, budget);
        return std::vector<std::size_t>(result.begin(), result.end());
    };
    EXPECT_EQ(order(1), (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_EQ(order(0.5), (std::vector<std::size_t>{0, 2, 3}));
}

TEST(MaximalMarginalRelevance, DegenerateData) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    EXPECT_TRUE(maximal_marginal_relevance({}, {}, 10, 0.5, monitor, budget).empty());
    const auto vectors = test::encoded({{}, {}, {}});
    const std::vector<double> equal = {1, 1, 1};
    const auto result = maximal_marginal_relevance(equal, views(vectors), 10, 0.5, monitor, budget);
    EXPECT_EQ(std::vector<std::size_t>(result.begin(), result.end()),
              (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_TRUE(maximal_marginal_relevance(equal, views(vectors), 0, 0.5, monitor, budget).empty());
}

TEST(MaximalMarginalRelevance, RefusesWhatItCannotCompute) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    const auto vectors = test::encoded({{{"a", 1}}, {{"b", 1}}});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto fails = [&](const std::vector<double>& scores, double lambda) {
        try {
            maximal_marginal_relevance(scores, views(vectors), 2, lambda, monitor, budget);
            return false;
        } catch (const Error& error) {
            return error.code() == ErrorCode::kInvalidArgument;
        }
    };
    EXPECT_FALSE(fails({1, 2}, 0.5));
    EXPECT_TRUE(fails({1, 2}, 1.5));
    EXPECT_TRUE(fails({1, 2}, nan));
    EXPECT_TRUE(fails({1, nan}, 0.5));
    EXPECT_TRUE(fails({1}, 0.5));
}

TEST(MaximalMarginalRelevance, StopsAndRunsOutOfMemoryCleanly) {
    const auto vectors = test::encoded(test::random_documents(3, 200, 50, 10));
    const auto documents = views(vectors);
    const std::vector<double> scores(200, 1.0);
    test::expect_clean_cancellation([&](Monitor& monitor, MemoryBudget& budget) {
        maximal_marginal_relevance(scores, documents, 20, 0.5, monitor, budget);
    });
    test::expect_clean_exhaustion([&](MemoryBudget& budget) {
        Monitor monitor;
        maximal_marginal_relevance(scores, documents, 20, 0.5, monitor, budget);
    });
}

}  // namespace
}  // namespace knowhow
