#include "engine/rank/top_k.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/error.hpp"

namespace knowhow {
namespace {

TEST(TopK, EqualsSortingEverything) {
    std::mt19937 random(1);
    for (const std::size_t n : {0U, 1U, 2U, 50U, 1000U}) {
        std::vector<Scored> all;
        for (std::size_t id = 0; id < n; ++id) {
            // Few distinct scores, so that ties matter.
            all.push_back({static_cast<std::int64_t>(id) - 20, static_cast<double>(random() % 7)});
        }
        std::vector<Scored> sorted = all;
        std::sort(sorted.begin(), sorted.end(), ranks_before);
        for (const std::size_t k : {0U, 1U, 3U, 49U, 50U, 5000U}) {
            std::shuffle(all.begin(), all.end(), random);
            TopK best(k, std::pmr::new_delete_resource());
            for (const Scored& scored : all) {
                best.offer(scored.id, scored.score);
            }
            const auto result = best.take_sorted();
            ASSERT_EQ(result.size(), std::min(k, n));
            for (std::size_t r = 0; r < result.size(); ++r) {
                EXPECT_EQ(result[r].id, sorted[r].id);
                EXPECT_EQ(result[r].score, sorted[r].score);
            }
        }
    }
}

TEST(TopK, NeverTakesNaN) {
    TopK best(2, std::pmr::new_delete_resource());
    best.offer(1, std::numeric_limits<double>::quiet_NaN());
    best.offer(2, -std::numeric_limits<double>::infinity());
    best.offer(3, 1);
    const auto result = best.take_sorted();
    ASSERT_EQ(result.size(), 2U);
    EXPECT_EQ(result[0].id, 3);
    EXPECT_EQ(result[1].id, 2);
}

TEST(TopK, TellsWhatMayEnter) {
    TopK best(1, std::pmr::new_delete_resource());
    EXPECT_TRUE(best.may_enter(-1e9));
    best.offer(5, 1);
    EXPECT_FALSE(best.may_enter(0.5));
    EXPECT_TRUE(best.may_enter(1));  // a smaller id would
    EXPECT_FALSE(TopK(0, std::pmr::new_delete_resource()).may_enter(1));
}

TEST(TopK, StaysWithinTheBudget) {
    MemoryBudget budget(1024);
    {
        TopK best(1000000, &budget);
        EXPECT_THROW(
            {
                for (std::int64_t id = 0; id < 1000; ++id) {
                    best.offer(id, 1);
                }
            },
            Error);
    }
    EXPECT_EQ(budget.used(), 0U);
}

}  // namespace
}  // namespace knowhow
