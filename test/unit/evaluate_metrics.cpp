#include "engine/evaluate/metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

// Every metric from the list itself, by its definition: relevant[r] tells whether rank r + 1 hit.
struct ByDefinition {
    std::vector<bool> list;
    std::size_t relevant;

    bool at(std::size_t rank) const { return rank <= list.size() && list[rank - 1]; }
    double hits(std::size_t k) const {
        double count = 0;
        for (std::size_t rank = 1; rank <= k; ++rank) {
            count += at(rank) ? 1 : 0;
        }
        return count;
    }
    double ndcg(std::size_t k) const {
        double gained = 0;
        double ideal = 0;
        for (std::size_t rank = 1; rank <= k; ++rank) {
            const double discount = 1 / std::log2(1.0 + static_cast<double>(rank));
            gained += at(rank) ? discount : 0;
            ideal += rank <= relevant ? discount : 0;
        }
        return gained / ideal;
    }
    double average_precision(std::size_t k) const {
        double sum = 0;
        for (std::size_t rank = 1; rank <= k; ++rank) {
            sum += at(rank) ? hits(rank) / static_cast<double>(rank) : 0;
        }
        return sum / static_cast<double>(std::min(relevant, k));
    }
    double reciprocal_rank(std::size_t k) const {
        for (std::size_t rank = 1; rank <= k; ++rank) {
            if (at(rank)) {
                return 1 / static_cast<double>(rank);
            }
        }
        return 0;
    }
};

TEST(ListMetrics, EqualTheirDefinitions) {
    std::mt19937 random(7);
    for (int round = 0; round < 500; ++round) {
        ByDefinition reference;
        std::vector<std::size_t> ranks;
        const std::size_t length = random() % 40;
        const unsigned rarity = 1 + random() % 8;
        for (std::size_t rank = 1; rank <= length; ++rank) {
            reference.list.push_back(random() % rarity == 0);
            if (reference.list.back()) {
                ranks.push_back(rank);
            }
        }
        reference.relevant = std::max<std::size_t>(1, ranks.size() + random() % 3);
        for (const std::size_t k : {1U, 2U, 5U, 10U, 39U, 100U}) {
            const ListMetrics metrics = list_metrics(ranks, reference.relevant, k);
            const auto n = static_cast<double>(reference.relevant);
            EXPECT_NEAR(metrics.precision, reference.hits(k) / static_cast<double>(k), 1e-12);
            EXPECT_NEAR(metrics.recall, reference.hits(k) / n, 1e-12);
            EXPECT_EQ(metrics.hit_rate, reference.hits(k) > 0 ? 1 : 0);
            EXPECT_NEAR(metrics.ndcg, reference.ndcg(k), 1e-12);
            EXPECT_NEAR(metrics.average_precision, reference.average_precision(k), 1e-12);
            EXPECT_NEAR(metrics.reciprocal_rank, reference.reciprocal_rank(k), 1e-12);
        }
    }
}

TEST(ListMetrics, APerfectListScoresOne) {
    const std::vector<std::size_t> ranks = {1, 2, 3};
    const ListMetrics metrics = list_metrics(ranks, 3, 10);
    EXPECT_DOUBLE_EQ(metrics.ndcg, 1);
    EXPECT_DOUBLE_EQ(metrics.average_precision, 1);
    EXPECT_DOUBLE_EQ(metrics.recall, 1);
    EXPECT_DOUBLE_EQ(metrics.precision, .3);
}

TEST(ListMetrics, RefuseWhatIsNoRanking) {
    const std::vector<std::size_t> good = {1, 4};
    EXPECT_THROW(list_metrics(good, 2, 0), Error);
    EXPECT_THROW(list_metrics({}, 0, 5), Error);
    EXPECT_THROW(list_metrics(good, 1, 5), Error);
    EXPECT_THROW(list_metrics(std::vector<std::size_t>{0, 1}, 2, 5), Error);
    EXPECT_THROW(list_metrics(std::vector<std::size_t>{3, 3}, 2, 5), Error);
}

}  // namespace
}  // namespace knowhow
