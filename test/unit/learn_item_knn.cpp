#include "engine/learn/item_knn.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "learn_support.hpp"

namespace knowhow {
namespace {

using Dense = std::vector<std::vector<double>>;
using Given = std::vector<std::pair<std::string, double>>;

ItemItem fit(const Interactions& data, const Given& given, const FitOptions& options,
             MemoryBudget& budget) {
    Monitor monitor;
    const Learner& learner = find_learner("item_knn");
    return learner.fit(data, Parameters(learner.parameters(), given), options, monitor, budget);
}

// The formula in item_knn.hpp, over dense doubles.
Dense brute_force(const Interactions& data, double shrinkage, double activity,
                  std::size_t max_user_items) {
    Dense r = test::dense(data);
    const std::size_t items = data.items().size();
    std::vector<double> a(r.size());
    for (std::size_t u = 0; u < r.size(); ++u) {
        std::size_t count = 0;
        for (double& value : r[u]) {
            value = std::max(value, 0.0);
            count += value > 0;
        }
        a[u] = std::pow(static_cast<double>(count), -activity);
        if (count > max_user_items || count == 0) {
            r[u].assign(items, 0.0);
            a[u] = 0;
        }
    }
    double squares = 0;
    double counted = 0;
    for (const auto& row : r) {
        for (const double value : row) {
            squares += value * value;
            counted += value > 0;
        }
    }
    shrinkage *= squares / counted;
    Dense b(items, std::vector<double>(items, 0.0));
    for (std::size_t i = 0; i < items; ++i) {
        for (std::size_t j = 0; j < items; ++j) {
            double dot = 0, ii = 0, jj = 0;
            for (std::size_t u = 0; u < r.size(); ++u) {
                dot += a[u] * r[u][i] * r[u][j];
                ii += r[u][i] * r[u][i];
                jj += r[u][j] * r[u][j];
            }
            if (i != j && dot > 0) {
                b[i][j] = dot / (std::sqrt(ii) * std::sqrt(jj) + shrinkage);
            }
        }
    }
    return b;
}

void expect_equal(const ItemItem& model, const Dense& b, std::size_t targets) {
    ASSERT_EQ(static_cast<std::size_t>(model.item_count()), b.size());
    for (std::int32_t i = 0; i < model.item_count(); ++i) {
        const auto row = model.row(i);
        const std::vector<double>& reference = b[static_cast<std::size_t>(i)];
        const auto nonzero = static_cast<std::size_t>(
            std::count_if(reference.begin(), reference.end(), [](double x) { return x != 0; }));
        ASSERT_EQ(row.size(), std::min(targets, nonzero));
        std::vector<double> sorted = reference;
        std::sort(sorted.begin(), sorted.end(), std::greater<>());
        for (std::size_t k = 0; k < row.size(); ++k) {
            EXPECT_NEAR(static_cast<double>(row[k].weight),
                        reference[static_cast<std::size_t>(row[k].position)], 1e-6);
            EXPECT_NEAR(static_cast<double>(row[k].weight), sorted[k], 1e-6);
            if (k > 0) {
                EXPECT_TRUE(stronger(row[k - 1], row[k]));
            }
        }
    }
}

bool identical(const ItemItem& a, const ItemItem& b) {
    if (a.item_count() != b.item_count()) {
        return false;
    }
    for (std::int32_t i = 0; i < a.item_count(); ++i) {
        if (!std::ranges::equal(a.row(i), b.row(i), [](const Target& x, const Target& y) {
                return x.position == y.position && x.weight == y.weight;
            })) {
            return false;
        }
    }
    return true;
}

TEST(ItemKnn, EqualsTheFormula) {
    MemoryBudget budget(test::kPlenty);
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
        const Interactions data =
            test::build(test::random_ratings(seed, 60, 50, 0.15, seed % 2 == 0), budget);
        for (const double shrinkage : {0.0, 2.5}) {
            for (const double activity : {0.0, 0.5}) {
                const auto model =
                    fit(data, {{"shrinkage", shrinkage}, {"user_activity", activity}}, {}, budget);
                expect_equal(model, brute_force(data, shrinkage, activity, 20000), 200);
            }
        }
    }
}

TEST(ItemKnn, KeepsTheStrongestTargets) {
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(test::random_ratings(7, 80, 60, 0.3), budget);
    for (const std::int32_t targets : {1, 2, 10}) {
        expect_equal(fit(data, {}, {.targets = targets}, budget), brute_force(data, 20, 0, 20000),
                     static_cast<std::size_t>(targets));
    }
}

TEST(ItemKnn, LeavesOutPeopleWithTooManyItems) {
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(test::random_ratings(8, 60, 40, 0.2), budget);
    expect_equal(fit(data, {{"max_user_items", 8}}, {}, budget), brute_force(data, 20, 0, 8), 200);
}

TEST(ItemKnn, ScaleOfWeightsDoesNotMatter) {
    MemoryBudget budget(test::kPlenty);
    auto ratings = test::random_ratings(12, 60, 40, 0.2);
    const auto model = fit(test::build(ratings, budget), {}, {}, budget);
    for (test::Rating& rating : ratings) {
        rating.weight *= 1024;
    }
    EXPECT_TRUE(identical(model, fit(test::build(ratings, budget), {}, {}, budget)));
}

TEST(ItemKnn, TiesGoToTheSmallerId) {
    MemoryBudget budget(test::kPlenty);
    std::vector<test::Rating> ratings;
    for (std::int64_t item = 9; item >= 0; --item) {
        ratings.push_back({1, item, 0.5F});
        ratings.push_back({2, item, 0.5F});
    }
    const auto model = fit(test::build(ratings, budget), {}, {.targets = 3}, budget);
    ASSERT_EQ(model.row(1).size(), 3U);
    EXPECT_EQ(model.row(1)[0].position, 0);
    EXPECT_EQ(model.row(1)[1].position, 2);
    EXPECT_EQ(model.row(1)[2].position, 3);
}

TEST(ItemKnn, SameBitsForEveryNumberOfThreads) {
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(test::random_ratings(9, 300, 200, 0.1), budget);
    const auto model = fit(data, {{"user_activity", 0.5}}, {.targets = 20}, budget);
    for (const int threads : {2, 3, 8, 100}) {
        EXPECT_TRUE(identical(model, fit(data, {{"user_activity", 0.5}},
                                         {.targets = 20, .threads = threads}, budget)))
            << threads;
    }
}

TEST(ItemKnn, SameBitsAtEveryPace) {
    class Paced : public Monitor {
      public:
        Pace pace() const override { return {.nice = 10, .share = 0.3}; }
    };
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(test::random_ratings(9, 300, 200, 0.1), budget);
    const auto model = fit(data, {}, {.targets = 20}, budget);
    const Learner& learner = find_learner("item_knn");
    for (const int threads : {1, 2, 5}) {
        Paced monitor;
        const auto paced = learner.fit(data, Parameters(learner.parameters(), {}),
                                       {.targets = 20, .threads = threads}, monitor, budget);
        EXPECT_TRUE(identical(model, paced)) << threads;
    }
}

TEST(ItemKnn, ReportsProgressInItems) {
    class Reports : public Monitor {
      public:
        void progress(std::int64_t done, std::int64_t total) override {
            EXPECT_LE(last, done);
            last = done;
            EXPECT_EQ(total, 200);
        }
        std::int64_t last = 0;
    };
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(test::random_ratings(9, 300, 200, 0.1), budget);
    const Learner& learner = find_learner("item_knn");
    for (const int threads : {1, 2}) {
        Reports monitor;
        learner.fit(data, Parameters(learner.parameters(), {}), {.threads = threads}, monitor,
                    budget);
        EXPECT_EQ(monitor.last, data.item_count());
    }
}

TEST(ItemKnn, DegenerateData) {
    MemoryBudget budget(test::kPlenty);
    EXPECT_EQ(fit(test::build({}, budget), {}, {}, budget).item_count(), 0);
    const auto one = fit(test::build({{1, 1, 1}}, budget), {}, {}, budget);
    EXPECT_EQ(one.item_count(), 1);
    EXPECT_EQ(one.target_count(), 0U);
    EXPECT_THROW(fit(test::build({{1, 1, 1}}, budget), {}, {.targets = 0}, budget), Error);
    const auto two =
        fit(test::build({{1, 1, 1}, {1, 2, 1}}, budget), {{"shrinkage", 0}}, {}, budget);
    ASSERT_EQ(two.row(0).size(), 1U);
    EXPECT_EQ(two.row(0)[0].position, 1);
    EXPECT_FLOAT_EQ(two.row(0)[0].weight, 1);
    // Items without a positive weight have no row and are nobody's target.
    const auto negative =
        fit(test::build({{1, 1, 1}, {1, 2, -1}, {1, 3, 0}, {2, 1, 1}}, budget), {}, {}, budget);
    EXPECT_EQ(negative.target_count(), 0U);
    // The extremes of float stay finite.
    const auto extreme = fit(test::build({{1, 1, 3e38F}, {1, 2, 1e-45F}, {1, 3, 3e38F}}, budget),
                             {{"shrinkage", 0}}, {}, budget);
    for (std::int32_t i = 0; i < 3; ++i) {
        ASSERT_EQ(extreme.row(i).size(), 2U);
        EXPECT_NEAR(static_cast<double>(extreme.row(i)[0].weight), 1, 1e-6);
        EXPECT_NEAR(static_cast<double>(extreme.row(i)[1].weight), 1, 1e-6);
    }
}

TEST(ItemKnn, RunsOutOfMemoryCleanly) {
    const auto ratings = test::random_ratings(10, 100, 80, 0.2, true);
    for (const int threads : {1, 3}) {
        test::expect_clean_exhaustion([&](MemoryBudget& budget) {
            fit(test::build(ratings, budget), {}, {.threads = threads}, budget);
        });
    }
}

TEST(ItemKnn, CanBeStoppedAtEveryPoll) {
    MemoryBudget data_budget(test::kPlenty);
    const Interactions data =
        test::build(test::random_ratings(11, 300, 200, 0.8, true), data_budget);
    const Learner& learner = find_learner("item_knn");
    const Parameters parameters(learner.parameters(), {});
    test::expect_clean_cancellation([&](Monitor& monitor, MemoryBudget& budget) {
        learner.fit(data, parameters, {}, monitor, budget);
    });
}

TEST(ItemKnn, StopsWithinOneVeryLongRow) {
    // Each row takes 600,000 products, more than lie between two checks; all rows take a second.
    MemoryBudget budget(test::kPlenty);
    std::vector<test::Rating> ratings;
    for (std::int64_t user = 0; user < 300; ++user) {
        for (std::int64_t item = 0; item < 2000; ++item) {
            ratings.push_back({user, item, 1});
        }
    }
    const Interactions data = test::build(ratings, budget);
    const Learner& learner = find_learner("item_knn");
    const Parameters parameters(learner.parameters(), {});
    const std::size_t before = budget.used();
    for (const int threads : {1, 3}) {
        test::StopAt monitor(2);
        try {
            learner.fit(data, parameters, {.threads = threads}, monitor, budget);
            ADD_FAILURE() << "not stopped with " << threads << " threads";
        } catch (const Error& error) {
            EXPECT_STREQ(error.what(), "asked to stop");
        }
        EXPECT_EQ(budget.used(), before);
    }
}

TEST(Learners, ParametersAreChecked) {
    const Learner& learner = find_learner("item_knn");
    const auto message = [&](const Given& given) -> std::string {
        try {
            Parameters(learner.parameters(), given);
            return "";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
            return std::string(error.what()) + " " + error.hint();
        }
    };
    EXPECT_EQ(message({{"shrinkage", 0}, {"max_user_items", 5}}), "");
    EXPECT_NE(message({{"shrink", 1}}).find("shrinkage, user_activity"), std::string::npos);
    EXPECT_NE(message({{"shrinkage", -0.5}}).find("-0.5"), std::string::npos);
    EXPECT_NE(message({{"shrinkage", std::nan("")}}), "");
    EXPECT_NE(message({{"max_user_items", 2.5}}).find("whole number"), std::string::npos);
    EXPECT_NE(message({{"shrinkage", 1}, {"shrinkage", 1}}).find("more than once"),
              std::string::npos);
    const Parameters defaults(learner.parameters(), {});
    EXPECT_EQ(defaults["shrinkage"], 20);
    EXPECT_THROW(defaults["nothing"], Error);
}

TEST(Learners, UnknownNamesListTheKnownOnes) {
    try {
        find_learner("magic");
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
        EXPECT_NE(error.hint().find("item_knn"), std::string::npos);
    }
    for (const Learner* learner : learners()) {
        EXPECT_EQ(&find_learner(learner->name()), learner);
        EXPECT_FALSE(learner->description().empty());
        for (const Parameter& parameter : learner->parameters()) {
            EXPECT_LE(parameter.minimum, parameter.default_value);
            EXPECT_GE(parameter.maximum, parameter.default_value);
        }
    }
}

}  // namespace
}  // namespace knowhow
