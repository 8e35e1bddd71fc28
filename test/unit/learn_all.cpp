// What every learner must do, whichever it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/learn/learner.hpp"
#include "learn_support.hpp"

namespace knowhow {
namespace {

class EveryLearner : public testing::TestWithParam<const Learner*> {
  protected:
    ItemItem fit(const Interactions& data, const FitOptions& options, MemoryBudget& budget) {
        Monitor monitor;
        return fit(data, options, monitor, budget);
    }
    ItemItem fit(const Interactions& data, const FitOptions& options, Monitor& monitor,
                 MemoryBudget& budget) {
        return GetParam()->fit(data, parameters(), options, monitor, budget);
    }
    // The defaults, but for factors: the time is their square, and few show as much.
    Parameters parameters() {
        std::vector<std::pair<std::string, double>> given;
        if (GetParam()->name() == "ials" || GetParam()->name() == "blend") {
            given = {{"factors", 16}, {"iterations", 3}};
        }
        return {GetParam()->parameters(), given};
    }
};

void expect_well_formed(const ItemItem& model, std::int32_t targets) {
    for (std::int32_t item = 0; item < model.item_count(); ++item) {
        const auto row = model.row(item);
        ASSERT_LE(row.size(), static_cast<std::size_t>(targets));
        for (std::size_t k = 0; k < row.size(); ++k) {
            EXPECT_NE(row[k].position, item);
            EXPECT_NE(row[k].weight, 0);
            EXPECT_TRUE(std::isfinite(row[k].weight));
            EXPECT_TRUE(k == 0 || stronger(row[k - 1], row[k]));
        }
    }
}

TEST_P(EveryLearner, GivesTheSameBitsForEveryNumberOfThreadsAndInEveryRun) {
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(test::random_ratings(21, 300, 200, 0.1, true), budget);
    const ItemItem model = fit(data, {.targets = 20}, budget);
    EXPECT_GT(model.target_count(), 0U);
    expect_well_formed(model, 20);
    for (const int threads : {1, 2, 3, 8}) {
        const ItemItem other = fit(data, {.targets = 20, .threads = threads}, budget);
        for (std::int32_t item = 0; item < model.item_count(); ++item) {
            EXPECT_TRUE(std::ranges::equal(model.row(item), other.row(item),
                                           [](const Target& x, const Target& y) {
                                               return x.position == y.position &&
                                                      x.weight == y.weight;
                                           }))
                << "item " << item << ", " << threads << " threads";
        }
    }
}

TEST_P(EveryLearner, BearsDegenerateData) {
    MemoryBudget budget(test::kPlenty);
    EXPECT_EQ(fit(test::build({}, budget), {}, budget).item_count(), 0);
    EXPECT_EQ(fit(test::build({{1, 1, 1}}, budget), {}, budget).target_count(), 0U);
    // Nobody likes anything.
    EXPECT_EQ(fit(test::build({{1, 1, -1}, {1, 2, 0}, {2, 1, -1}}, budget), {}, budget)
                  .target_count(),
              0U);
    // One person.
    const ItemItem alone = fit(test::build({{1, 1, 1}, {1, 2, 1}, {1, 3, 1}}, budget), {}, budget);
    expect_well_formed(alone, 200);
    EXPECT_GT(alone.target_count(), 0U);
    // All alike.
    std::vector<test::Rating> ratings;
    for (std::int64_t user = 0; user < 20; ++user) {
        for (std::int64_t item = 0; item < 30; ++item) {
            ratings.push_back({user, item, 0.5F});
        }
    }
    expect_well_formed(fit(test::build(ratings, budget), {.targets = 7}, budget), 7);
    EXPECT_THROW(fit(test::build({{1, 1, 1}}, budget), {.targets = 0}, budget), Error);
}

TEST_P(EveryLearner, RunsOutOfMemoryCleanly) {
    const auto ratings = test::random_ratings(22, 60, 50, 0.2, true);
    for (const int threads : {1, 3}) {
        test::expect_clean_exhaustion([&](MemoryBudget& budget) {
            fit(test::build(ratings, budget), {.threads = threads}, budget);
        });
    }
}

TEST_P(EveryLearner, CanBeStoppedAtEveryPoll) {
    MemoryBudget data_budget(test::kPlenty);
    const Interactions data =
        test::build(test::random_ratings(23, 100, 80, 0.3, true), data_budget);
    test::expect_clean_cancellation([&](Monitor& monitor, MemoryBudget& budget) {
        fit(data, {.targets = 10}, monitor, budget);
    });
}

TEST_P(EveryLearner, ReportsProgressThatNeverGoesBack) {
    class Reports : public Monitor {
      public:
        void progress(std::int64_t done, std::int64_t total) override {
            EXPECT_LE(last, done);
            EXPECT_LE(done, total);
            EXPECT_TRUE(all == 0 || all == total);
            all = total;
            last = done;
        }
        std::int64_t last = 0;
        std::int64_t all = 0;
    };
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(test::random_ratings(24, 300, 200, 0.1), budget);
    for (const int threads : {1, 2}) {
        Reports monitor;
        fit(data, {.threads = threads}, monitor, budget);
        EXPECT_GT(monitor.last, monitor.all * 9 / 10);
    }
}

TEST_P(EveryLearner, DoesNotMindTheScaleOfWeights) {
    MemoryBudget budget(test::kPlenty);
    auto ratings = test::random_ratings(25, 60, 40, 0.2);
    const ItemItem model = fit(test::build(ratings, budget), {}, budget);
    for (test::Rating& rating : ratings) {
        rating.weight *= 1024;
    }
    const ItemItem other = fit(test::build(ratings, budget), {}, budget);
    for (std::int32_t item = 0; item < model.item_count(); ++item) {
        EXPECT_TRUE(std::ranges::equal(
            model.row(item), other.row(item), [](const Target& x, const Target& y) {
                return x.position == y.position && x.weight == y.weight;
            }));
    }
}

INSTANTIATE_TEST_SUITE_P(Learners, EveryLearner,
                         testing::ValuesIn(learners().begin(), learners().end()),
                         [](const auto& info) { return std::string(info.param->name()); });

}  // namespace
}  // namespace knowhow
