#include "engine/evaluate/inference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 24;

std::vector<double> normal_values(std::uint32_t seed, std::size_t count, double mean) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(mean, 1);
    std::vector<double> values(count);
    for (double& value : values) {
        value = normal(random);
    }
    return values;
}

TEST(Bootstrap, IsDeterministicAndNearTheNormalInterval) {
    MemoryBudget budget(kPlenty);
    Monitor monitor;
    const std::vector<double> values = normal_values(1, 400, 3);
    const MeanInterval first = bootstrap_mean(values, 5, 2000, .95, monitor, budget);
    const MeanInterval again = bootstrap_mean(values, 5, 2000, .95, monitor, budget);
    EXPECT_EQ(first.low, again.low);
    EXPECT_EQ(first.high, again.high);
    EXPECT_NE(first.low, bootstrap_mean(values, 6, 2000, .95, monitor, budget).low);
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / 400;
    double squares = 0;
    for (const double value : values) {
        squares += (value - mean) * (value - mean);
    }
    const double error = std::sqrt(squares / 399 / 400);
    EXPECT_DOUBLE_EQ(first.mean, mean);
    EXPECT_NEAR(first.low, mean - 1.96 * error, .2 * error);
    EXPECT_NEAR(first.high, mean + 1.96 * error, .2 * error);
}

// Of one value that is 1 and one that is 0, a resample's mean is 0, 1/2 or 1 with chances 1/4,
// 1/2, 1/4: the ends at each level follow.
TEST(Bootstrap, DrawsEveryPersonAlike) {
    MemoryBudget budget(kPlenty);
    Monitor monitor;
    const std::vector<double> values = {0, 1};
    const MeanInterval wide = bootstrap_mean(values, 1, 4000, .6, monitor, budget);
    EXPECT_EQ(wide.low, 0);
    EXPECT_EQ(wide.high, 1);
    const MeanInterval narrow = bootstrap_mean(values, 1, 4000, .4, monitor, budget);
    EXPECT_EQ(narrow.low, .5);
    EXPECT_EQ(narrow.high, .5);
}

TEST(Bootstrap, OfNobodyOrOne) {
    MemoryBudget budget(kPlenty);
    Monitor monitor;
    EXPECT_EQ(bootstrap_mean({}, 1, 10, .95, monitor, budget).high, 0);
    const std::vector<double> one = {.25};
    EXPECT_EQ(bootstrap_mean(one, 1, 10, .95, monitor, budget).low, .25);
    EXPECT_THROW(bootstrap_mean(one, 1, 0, .95, monitor, budget), Error);
    EXPECT_THROW(bootstrap_mean(one, 1, 10, 1, monitor, budget), Error);
}

TEST(Bootstrap, StopsWhenAskedTo) {
    struct Stop : Monitor {
        void poll() override { throw Error(ErrorCode::kCanceled, "stop"); }
    } stop;
    MemoryBudget budget(kPlenty);
    const std::vector<double> values(1000, 1.0);
    EXPECT_THROW(bootstrap_mean(values, 1, 1000, .95, stop, budget), Error);
}

TEST(PairedDifference, EqualsItsFormula) {
    // Differences 1, 2, 3, 6: mean 3, variance 14/3, error sqrt(14/12).
    const std::vector<double> newer = {2, 4, 6, 10};
    const std::vector<double> older = {1, 2, 3, 4};
    const Difference difference = paired_difference(newer, older);
    const double error = std::sqrt(14.0 / 12);
    EXPECT_DOUBLE_EQ(difference.mean, 3);
    EXPECT_NEAR(difference.low, 3 - 1.959963984540054 * error, 1e-12);
    EXPECT_NEAR(difference.high, 3 + 1.959963984540054 * error, 1e-12);
    EXPECT_NEAR(difference.p, 0.005479, 1e-6);  // 2 (1 - Φ(2.777460))
}

TEST(PairedDifference, Degenerate) {
    const std::vector<double> a = {1, 2};
    const std::vector<double> b = {2, 3};
    EXPECT_EQ(paired_difference(a, a).p, 1);
    EXPECT_EQ(paired_difference(b, a).p, 0);
    EXPECT_EQ(paired_difference(b, a).low, 1);
    EXPECT_EQ(paired_difference({a.data(), 1}, {b.data(), 1}).p, 1);
    EXPECT_EQ(paired_difference({}, {}).p, 1);
    EXPECT_THROW(paired_difference(a, {b.data(), 1}), Error);
}

// By the definition of the step-down procedure: hypothesis i is rejected at α when every p at
// most its own passes α / (number of those not yet rejected).
TEST(Holm, EqualsTheStepDownProcedure) {
    std::mt19937 random(9);
    for (int round = 0; round < 200; ++round) {
        std::vector<double> p(1 + random() % 6);
        for (double& value : p) {
            value = static_cast<double>(random() % 40) / 400;
        }
        const std::vector<double> adjusted = holm(p);
        std::vector<double> sorted = p;
        std::sort(sorted.begin(), sorted.end());
        for (const double alpha : {.0123, .05, .0777, .2}) {
            std::size_t rejected = 0;
            while (rejected < sorted.size() &&
                   sorted[rejected] * static_cast<double>(sorted.size() - rejected) <= alpha) {
                ++rejected;
            }
            std::size_t found = 0;
            for (const double value : adjusted) {
                found += value <= alpha ? 1 : 0;
            }
            EXPECT_EQ(found, rejected);
        }
    }
    EXPECT_TRUE(holm({}).empty());
    EXPECT_THROW(holm(std::vector<double>{1.5}), Error);
    EXPECT_EQ(holm(std::vector<double>{.9, .8})[0], 1);
}

}  // namespace
}  // namespace knowhow
