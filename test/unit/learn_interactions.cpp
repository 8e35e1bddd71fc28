#include "engine/learn/interactions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "learn_support.hpp"

namespace knowhow {
namespace {

using test::Rating;

TEST(Interactions, HoldsEveryPairByUserAndByItem) {
    const auto ratings = test::random_ratings(1, 40, 30, 0.2, true);
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(ratings, budget);
    ASSERT_EQ(data.size(), ratings.size());
    std::map<std::pair<std::int64_t, std::int64_t>, float> expected;
    for (const Rating& r : ratings) {
        expected[{r.user, r.item}] = r.weight;
    }
    std::size_t seen = 0;
    for (std::int32_t u = 0; u < data.user_count(); ++u) {
        const SparseRow row = data.by_user().row(u);
        EXPECT_TRUE(std::is_sorted(row.columns.begin(), row.columns.end()));
        for (std::size_t k = 0; k < row.size(); ++k, ++seen) {
            EXPECT_EQ(row.values[k],
                      (expected.at({data.users()[static_cast<std::size_t>(u)],
                                    data.items()[static_cast<std::size_t>(row.columns[k])]})));
        }
    }
    EXPECT_EQ(seen, ratings.size());
    for (std::int32_t i = 0; i < data.item_count(); ++i) {
        const SparseRow row = data.by_item().row(i);
        EXPECT_TRUE(std::is_sorted(row.columns.begin(), row.columns.end()));
        for (std::size_t k = 0; k < row.size(); ++k, --seen) {
            EXPECT_EQ(row.values[k],
                      (expected.at({data.users()[static_cast<std::size_t>(row.columns[k])],
                                    data.items()[static_cast<std::size_t>(i)]})));
        }
    }
    EXPECT_EQ(seen, 0U);
}

TEST(Interactions, PositionsAreByAscendingId) {
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build({{9, 5, 1}, {-3, 8, 2}, {4, -8, 3}}, budget);
    EXPECT_EQ(std::vector<std::int64_t>(data.users().begin(), data.users().end()),
              (std::vector<std::int64_t>{-3, 4, 9}));
    EXPECT_EQ(std::vector<std::int64_t>(data.items().begin(), data.items().end()),
              (std::vector<std::int64_t>{-8, 5, 8}));
    EXPECT_EQ(data.user_position(9), 2);
    EXPECT_EQ(data.item_position(-8), 0);
    EXPECT_FALSE(data.user_position(5));
    EXPECT_FALSE(data.item_position(100));
}

TEST(Interactions, OrderOfRowsDoesNotMatter) {
    auto ratings = test::random_ratings(2, 30, 20, 0.3, true);
    // Duplicates whose sum depends on the order of addition.
    for (float weight : {1e8F, 1.0F, -1e8F, 0.1F, 1e-8F}) {
        ratings.push_back({1, 2, weight});
    }
    MemoryBudget budget(test::kPlenty);
    const Interactions first = test::build(ratings, budget);
    std::mt19937 random(3);
    for (int round = 0; round < 5; ++round) {
        std::shuffle(ratings.begin(), ratings.end(), random);
        const Interactions other = test::build(ratings, budget);
        EXPECT_TRUE(std::ranges::equal(first.users(), other.users()));
        EXPECT_TRUE(std::ranges::equal(first.items(), other.items()));
        EXPECT_TRUE(std::ranges::equal(first.by_user().values(), other.by_user().values()));
        EXPECT_TRUE(std::ranges::equal(first.by_item().values(), other.by_item().values()));
    }
}

TEST(Interactions, AddsUpDuplicates) {
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(
        {{1, 1, 0.5F}, {2, 2, 1}, {1, 1, 0.25F}, {1, 3, 1}, {2, 2, -1}, {1, 1, 1}}, budget);
    ASSERT_EQ(data.size(), 3U);
    EXPECT_EQ(test::dense(data), (std::vector<std::vector<double>>{{1.75, 0, 1}, {0, 0, 0}}));
    EXPECT_EQ(data.by_user().row(1).size(), 1U);  // the sum of zero is still an interaction
}

TEST(Interactions, ItemsMayHaveNoInteraction) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    InteractionsBuilder builder(budget, monitor);
    builder.add_item(7);
    builder.add(1, 3, 1);
    builder.add_item(5);
    builder.add_item(3);
    EXPECT_EQ(builder.row_count(), 1U);
    const Interactions data = std::move(builder).finish();
    EXPECT_EQ(std::vector<std::int64_t>(data.items().begin(), data.items().end()),
              (std::vector<std::int64_t>{3, 5, 7}));
    EXPECT_EQ(data.by_item().row(0).size(), 1U);
    EXPECT_EQ(data.by_item().row(1).size(), 0U);
    EXPECT_EQ(data.by_item().row(2).size(), 0U);
}

TEST(Interactions, MayBeEmpty) {
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build({}, budget);
    EXPECT_EQ(data.user_count(), 0);
    EXPECT_EQ(data.item_count(), 0);
    EXPECT_EQ(data.size(), 0U);
    EXPECT_EQ(data.by_user().row_count(), 0);
    EXPECT_FALSE(data.user_position(0));
}

TEST(Interactions, RefusesWeightsThatAreNoNumbers) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    for (float weight :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()}) {
        InteractionsBuilder builder(budget, monitor);
        try {
            builder.add(42, -17, weight);
            ADD_FAILURE() << weight;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
            EXPECT_NE(std::string(error.what()).find("user 42 and item -17"), std::string::npos)
                << error.what();
        }
    }
    try {
        test::build({{42, 17, 3e38F}, {42, 17, 3e38F}}, budget);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
        EXPECT_NE(std::string(error.what()).find("user 42 and item 17"), std::string::npos);
    }
}

TEST(Interactions, ManyBlocks) {
    // More rows than one block holds, in descending order of ids.
    MemoryBudget budget(test::kPlenty);
    std::vector<Rating> ratings;
    for (std::int64_t n = 150000; n-- > 0;) {
        ratings.push_back({n / 500, n % 500, static_cast<float>(n)});
    }
    const Interactions data = test::build(ratings, budget);
    ASSERT_EQ(data.size(), 150000U);
    EXPECT_EQ(data.by_user().row(299).values[499], 149999.0F);
    EXPECT_EQ(data.by_item().row(499).values[299], 149999.0F);
}

TEST(Interactions, RunsOutOfMemoryCleanly) {
    const auto ratings = test::random_ratings(4, 200, 100, 0.2);
    test::expect_clean_exhaustion([&](MemoryBudget& budget) { test::build(ratings, budget); });
}

TEST(Interactions, CanBeStoppedAtEveryPoll) {
    auto ratings = test::random_ratings(5, 400, 200, 0.9);
    ratings.insert(ratings.end(), ratings.begin(), ratings.end());
    test::expect_clean_cancellation([&](Monitor& monitor, MemoryBudget& budget) {
        InteractionsBuilder builder(budget, monitor);
        for (const Rating& r : ratings) {
            builder.add(r.user, r.item, r.weight);
        }
        std::move(builder).finish();
    });
}

}  // namespace
}  // namespace knowhow
