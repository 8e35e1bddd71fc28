#include "engine/learn/popularity.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "learn_support.hpp"

namespace knowhow {
namespace {

TEST(Popularity, AddsUpPositiveWeights) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    const Interactions data = test::build(test::random_ratings(1, 60, 40, 0.3, true), budget);
    const auto r = test::dense(data);
    const auto result = popularity(data, monitor, budget);
    ASSERT_EQ(result.size(), data.items().size());
    for (std::size_t item = 0; item < result.size(); ++item) {
        double expected = 0;
        for (const auto& row : r) {
            expected += std::max(row[item], 0.0);
        }
        EXPECT_DOUBLE_EQ(result[item], expected);
    }
    EXPECT_TRUE(popularity(test::build({}, budget), monitor, budget).empty());
    EXPECT_EQ(popularity(test::build({{1, 1, -1}}, budget), monitor, budget)[0], 0);
}

TEST(Popularity, StopsAndRunsOutOfMemoryCleanly) {
    MemoryBudget data_budget(test::kPlenty);
    const Interactions data = test::build(test::random_ratings(2, 400, 300, 0.8), data_budget);
    test::expect_clean_cancellation(
        [&](Monitor& monitor, MemoryBudget& budget) { popularity(data, monitor, budget); });
    test::expect_clean_exhaustion([&](MemoryBudget& budget) {
        Monitor monitor;
        popularity(data, monitor, budget);
    });
}

}  // namespace
}  // namespace knowhow
