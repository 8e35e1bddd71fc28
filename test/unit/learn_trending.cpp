// What is trending: fading weights, added up to the same bits in whatever order rows come.
#include "engine/learn/trending.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "learn_support.hpp"

namespace knowhow {
namespace {

constexpr std::int32_t kDay = 1440;

struct Row {
    std::int64_t user;
    std::int64_t item;
    float weight;
    std::int32_t minute;
};

std::vector<Row> random_rows(std::uint32_t seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::vector<Row> rows;
    for (std::int64_t n = 0; n < 2000; ++n) {
        const auto minute = static_cast<std::int32_t>(uniform(random) * 60 * kDay);
        rows.push_back({n % 97, static_cast<std::int64_t>(uniform(random) * 40),
                        static_cast<float>(2 * uniform(random) - 0.5),
                        n % 50 == 0 ? kNoMinute : minute});
    }
    return rows;
}

Interactions build(const std::vector<Row>& rows, const Fading& fading, MemoryBudget& budget) {
    Monitor monitor;
    InteractionsBuilder builder(budget, monitor);
    for (const Row& row : rows) {
        builder.add(row.user, row.item, row.weight, row.minute);
    }
    return std::move(builder).finish(fading);
}

TEST(Trending, MinutesRoundDownAndEndsOfTimeHaveNone) {
    constexpr std::int64_t kMinute = 60'000'000;
    EXPECT_EQ(minute_of(0), 0);
    EXPECT_EQ(minute_of(kMinute - 1), 0);
    EXPECT_EQ(minute_of(-1), -1);
    EXPECT_EQ(minute_of(-kMinute), -1);
    EXPECT_EQ(minute_of(INT64_MIN), kNoMinute);
    EXPECT_EQ(minute_of(INT64_MAX), kNoMinute);
}

TEST(Trending, WeightsHalveWithEveryHalfLife) {
    EXPECT_DOUBLE_EQ(faded(0, 0, 7), 1);
    EXPECT_DOUBLE_EQ(faded(0, 7 * kDay, 7), 0.5);
    EXPECT_DOUBLE_EQ(faded(-7 * kDay, 7 * kDay, 7), 0.25);
    EXPECT_DOUBLE_EQ(faded(10, 0, 7), 1);  // later than now
    EXPECT_EQ(faded(kNoMinute, 0, 7), 0);
    EXPECT_EQ(faded(0, std::numeric_limits<std::int32_t>::max(), 0.01), 0);
}

TEST(Trending, IsTheSumOfFadedPositiveWeights) {
    const Fading fading = {5, 1'000'000};
    const std::vector<Row> rows = random_rows(3);
    MemoryBudget budget(test::kPlenty);
    const Interactions data = build(rows, fading, budget);
    std::map<std::int64_t, double> sums;
    std::int32_t newest = kNoMinute;
    for (const Row& row : rows) {
        newest = std::max(newest, row.minute);
    }
    for (const Row& row : rows) {
        sums[row.item] += std::max(0.0F, row.weight) * faded(row.minute, newest, 5);
    }
    EXPECT_EQ(data.newest_minute(), newest);
    ASSERT_EQ(data.trending().size(), data.items().size());
    for (std::size_t i = 0; i < data.items().size(); ++i) {
        EXPECT_NEAR(data.trending()[i], sums[data.items()[i]], 1e-6 * (1 + sums[data.items()[i]]));
    }
}

TEST(Trending, DoesNotDependOnTheOrderOfRowsNorOnWhenItIsAsked) {
    std::vector<Row> rows = random_rows(4);
    MemoryBudget budget(test::kPlenty);
    const Interactions first = build(rows, {7, 1'000'000}, budget);
    std::mt19937 random(5);
    for (const std::int32_t now : {1'000'000, 2'000'000}) {
        std::shuffle(rows.begin(), rows.end(), random);
        const Interactions other = build(rows, {7, now}, budget);
        EXPECT_TRUE(std::ranges::equal(first.trending(), other.trending()));
    }
}

TEST(Trending, OneRowInTheFutureDoesNotEraseThePresent) {
    std::vector<Row> rows = {{1, 1, 1, 100}, {1, 2, 1, 2'000'000'000}};
    MemoryBudget budget(test::kPlenty);
    const Interactions data = build(rows, {7, 100 + kDay}, budget);
    EXPECT_EQ(data.newest_minute(), 100 + kDay);
    EXPECT_GT(data.trending()[0], 0.9F);
    EXPECT_FLOAT_EQ(data.trending()[1], 1);
}

TEST(Trending, OfNothingIsNothing) {
    MemoryBudget budget(test::kPlenty);
    EXPECT_EQ(build({}, {}, budget).newest_minute(), kNoMinute);
    EXPECT_TRUE(build({}, {}, budget).trending().empty());
    const Interactions undated = build({{1, 1, 1, kNoMinute}}, {}, budget);
    EXPECT_EQ(undated.trending()[0], 0);
    const Interactions disliked = build({{1, 1, -1, 5}}, {}, budget);
    EXPECT_EQ(disliked.trending()[0], 0);
    const Interactions heavy = build({{1, 1, 1e38F, 5}, {2, 1, 1e38F, 5}}, {}, budget);
    EXPECT_FLOAT_EQ(heavy.trending()[0], 2e38F);
}

TEST(Trending, DemandIsThatOfTheModelToTheSameRows) {
    std::vector<TimedWeight> rows = {{100, 1}, {kNoMinute, 2}, {100 - 7 * kDay, 4}, {50, -3}};
    const Demand demand = demand_of(rows, {7, 100});
    EXPECT_DOUBLE_EQ(demand.popularity, 7);
    EXPECT_DOUBLE_EQ(demand.trending, 3);
    std::ranges::reverse(rows);
    EXPECT_EQ(demand_of(rows, {7, 100}).trending, demand.trending);
}

}  // namespace
}  // namespace knowhow
