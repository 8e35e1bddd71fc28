// slim, ease, and what they are made of, against dense linear algebra in plain loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/learn/column_ridge.hpp"
#include "engine/learn/dense_inverse.hpp"
#include "engine/learn/learner.hpp"
#include "learn_support.hpp"

namespace knowhow {
namespace {

using Dense = std::vector<std::vector<double>>;
using Given = std::vector<std::pair<std::string, double>>;

// Gauss and Jordan with pivots.
std::vector<double> solve(Dense a, std::vector<double> b) {
    const std::size_t n = b.size();
    for (std::size_t k = 0; k < n; ++k) {
        std::size_t pivot = k;
        for (std::size_t r = k; r < n; ++r) {
            pivot = std::abs(a[r][k]) > std::abs(a[pivot][k]) ? r : pivot;
        }
        std::swap(a[k], a[pivot]);
        std::swap(b[k], b[pivot]);
        for (std::size_t r = 0; r < n; ++r) {
            const double factor = r == k ? 0 : a[r][k] / a[k][k];
            for (std::size_t c = k; c < n && factor != 0; ++c) {
                a[r][c] -= factor * a[k][c];
            }
            b[r] -= factor * b[k];
        }
    }
    for (std::size_t k = 0; k < n; ++k) {
        b[k] /= a[k][k];
    }
    return b;
}

// Xᵀ diag(a) X of the likes, and λ.
struct Reference {
    Dense gram;
    double lambda;
};

Reference reference(const Interactions& data, double ridge, double activity) {
    const Dense x = test::dense(data);
    const std::size_t items = data.items().size();
    Reference result{Dense(items, std::vector<double>(items, 0.0)), 0};
    double squares = 0;
    double count = 0;
    for (const auto& row : x) {
        const auto liked = static_cast<double>(
            std::count_if(row.begin(), row.end(), [](double value) { return value > 0; }));
        for (std::size_t i = 0; i < items; ++i) {
            const double value = std::max(row[i], 0.0);
            squares += value * value;
            count += value > 0;
            for (std::size_t j = 0; j < items && value > 0; ++j) {
                result.gram[i][j] += std::pow(liked, -activity) * value * std::max(row[j], 0.0);
            }
        }
    }
    result.lambda = ridge * squares / count;
    return result;
}

// The best weights of `support` for target j.
std::vector<double> column(const Reference& of, const std::vector<std::size_t>& support,
                           std::size_t j) {
    Dense a(support.size(), std::vector<double>(support.size()));
    std::vector<double> b(support.size());
    for (std::size_t k = 0; k < support.size(); ++k) {
        for (std::size_t l = 0; l < support.size(); ++l) {
            a[k][l] = of.gram[support[k]][support[l]] + (k == l ? of.lambda : 0);
        }
        b[k] = of.gram[support[k]][j];
    }
    return solve(a, b);
}

// B[i][j] with all other items as support: EASE.
Dense all_on_all(const Reference& of) {
    const std::size_t items = of.gram.size();
    Dense b(items, std::vector<double>(items, 0.0));
    for (std::size_t j = 0; j < items; ++j) {
        std::vector<std::size_t> support;
        for (std::size_t i = 0; i < items; ++i) {
            if (i != j) {
                support.push_back(i);
            }
        }
        const std::vector<double> weights = column(of, support, j);
        for (std::size_t k = 0; k < support.size(); ++k) {
            b[support[k]][j] = weights[k];
        }
    }
    return b;
}

// B[i][j] by the steps of slim.hpp from step 3 on, given what the first solution is.
Dense refitted(const Reference& of, const Dense& first, std::size_t targets) {
    const std::size_t items = of.gram.size();
    std::vector<std::vector<std::size_t>> support(items);
    for (std::size_t i = 0; i < items; ++i) {
        std::vector<std::size_t> order;
        for (std::size_t j = 0; j < items; ++j) {
            if (first[i][j] != 0) {
                order.push_back(j);
            }
        }
        std::sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
            return std::abs(first[i][x]) > std::abs(first[i][y]);
        });
        order.resize(std::min(order.size(), targets));
        for (const std::size_t j : order) {
            support[j].push_back(i);
        }
    }
    Dense b(items, std::vector<double>(items, 0.0));
    for (std::size_t j = 0; j < items; ++j) {
        const std::vector<double> weights = column(of, support[j], j);
        for (std::size_t k = 0; k < support[j].size(); ++k) {
            b[support[j][k]][j] = weights[k];
        }
    }
    return b;
}

void expect_near(const ItemItem& model, const Dense& b, double tolerance) {
    ASSERT_EQ(static_cast<std::size_t>(model.item_count()), b.size());
    for (std::int32_t i = 0; i < model.item_count(); ++i) {
        std::vector<double> got(b.size(), 0.0);
        for (const Target& target : model.row(i)) {
            got[static_cast<std::size_t>(target.position)] = static_cast<double>(target.weight);
        }
        for (std::size_t j = 0; j < b.size(); ++j) {
            EXPECT_NEAR(got[j], b[static_cast<std::size_t>(i)][j], tolerance) << i << ", " << j;
        }
    }
}

ItemItem fit(const char* name, const Interactions& data, const Given& given,
             const FitOptions& options, MemoryBudget& budget) {
    Monitor monitor;
    const Learner& learner = find_learner(name);
    return learner.fit(data, Parameters(learner.parameters(), given), options, monitor, budget);
}

TEST(Ridge, WithRoomForAllIsEase) {
    MemoryBudget budget(test::kPlenty);
    for (const double activity : {0.0, 0.5}) {
        const Interactions data =
            test::build(test::random_ratings(31, 80, 40, 0.5, activity > 0), budget);
        const Dense b = all_on_all(reference(data, 3, activity));
        for (const char* name : {"slim", "ease"}) {
            SCOPED_TRACE(name);
            expect_near(fit(name, data, {{"ridge", 3}, {"user_activity", activity}}, {}, budget), b,
                        2e-6);
        }
    }
}

TEST(Ridge, EaseIsTruncatedAndRefitted) {
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(test::random_ratings(32, 90, 50, 0.3), budget);
    const Reference of = reference(data, 5, 0);
    const Dense b = refitted(of, all_on_all(of), 8);
    const ItemItem model = fit("ease", data, {{"ridge", 5}}, {.targets = 8}, budget);
    expect_near(model, b, 2e-6);
    bool negative = false;
    for (std::int32_t item = 0; item < model.item_count(); ++item) {
        negative |= std::ranges::any_of(model.row(item),
                                        [](const Target& target) { return target.weight < 0; });
    }
    EXPECT_TRUE(negative) << "no negative weight is among the strongest: the data is too easy";
}

TEST(Ridge, SlimSolvesOnTheNearestAndRefits) {
    MemoryBudget budget(test::kPlenty);
    const Interactions data = test::build(test::random_ratings(33, 90, 50, 0.3), budget);
    const Reference of = reference(data, 5, 0);
    const std::size_t items = of.gram.size();
    Dense first(items, std::vector<double>(items, 0.0));
    for (std::size_t j = 0; j < items; ++j) {
        std::vector<std::size_t> order(items);
        std::iota(order.begin(), order.end(), 0);
        std::erase(order, j);
        std::sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
            const auto gain = [&](std::size_t i) {
                return of.gram[i][j] / std::sqrt(of.gram[i][i] + of.lambda);
            };
            return gain(x) > gain(y);
        });
        order.resize(12);
        const std::vector<double> weights = column(of, order, j);
        for (std::size_t k = 0; k < order.size(); ++k) {
            first[order[k]][j] = weights[k];
        }
    }
    expect_near(fit("slim", data, {{"ridge", 5}, {"candidates", 12}}, {.targets = 8}, budget),
                refitted(of, first, 8), 2e-6);
}

TEST(Ridge, MemoryDoesNotChangeTheResult) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    const Interactions data = test::build(test::random_ratings(34, 200, 120, 0.2), budget);
    const Likes likes(data, 0.5, 1000, monitor, budget);
    struct Total : Monitor {
        void progress(std::int64_t /*done*/, std::int64_t all) override { total = all; }
        std::int64_t total = 0;
    } steps;
    std::size_t peak = 0;
    const auto solved = [&](RidgeMemory memory) {
        ItemItem columns = fit("item_knn", data, {}, {.targets = 20}, budget);
        MemoryBudget solving(test::kPlenty);
        solve_columns(likes, 2, memory, 2, steps, solving, columns);
        peak = solving.peak();
        EXPECT_GE(solve_columns_memory(120, 20, 120 * 20, gram_products(likes.by_user()), memory, 2),
                  peak);
        return columns;
    };
    const ItemItem whole = solved({std::size_t{1} << 30, 0, 0});
    constexpr std::size_t kGram = 120 * 120 * sizeof(float);
    std::vector<std::size_t> peaks;
    std::vector<std::int64_t> totals;
    for (const RidgeMemory memory :
         {RidgeMemory{1, 0, 0}, RidgeMemory{5000, 0, 0}, RidgeMemory{5000, kGram - 1, 0},
          RidgeMemory{5000, kGram, 1e5}, RidgeMemory{40000, 0, 0}}) {
        const ItemItem parts = solved(memory);
        peaks.push_back(peak);
        totals.push_back(steps.total);
        for (std::int32_t item = 0; item < whole.item_count(); ++item) {
            EXPECT_TRUE(std::ranges::equal(
                whole.row(item), parts.row(item), [](const Target& x, const Target& y) {
                    return x.position == y.position && x.weight == y.weight;
                }));
        }
    }
    EXPECT_EQ(peaks[2], peaks[1]);
    EXPECT_EQ(peaks[3], peaks[1] + kGram);
    EXPECT_EQ(totals[0], 2 * 120 * 120);  // each column in a pass of its own
    EXPECT_EQ(totals[4], 120);            // each with its own part of G
}

TEST(Ridge, ColumnsSolvedAloneDoNotMindThreadsMemoryAndCancels) {
    MemoryBudget budget(test::kPlenty);
    Monitor none;
    const Interactions data = test::build(test::random_ratings(35, 200, 120, 0.2), budget);
    const Likes likes(data, 0.5, 1000, none, budget);
    const ItemItem supports = fit("item_knn", data, {}, {.targets = 20}, budget);
    struct Total : Monitor {
        explicit Total(Monitor& polled) : polled(polled) {}
        void poll() override { polled.poll(); }
        void progress(std::int64_t /*done*/, std::int64_t all) override { total = all; }
        Monitor& polled;
        std::int64_t total = 0;
    };
    const auto solve = [&](int threads, Monitor& monitor, MemoryBudget& solving) {
        ItemItem columns(120, &solving);
        for (std::int32_t item = 0; item < 120; ++item) {
            columns.set_row(item, supports.row(item));
        }
        Total total(monitor);
        // Room for the likes of a column on each thread, and not for all columns in a pass.
        const std::size_t area = 25000 * static_cast<std::size_t>(threads);
        solve_columns(likes, 2, {area, 0, 0}, threads, total, solving, columns);
        EXPECT_EQ(total.total, 120);
        return columns;
    };
    const ItemItem one = solve(1, none, budget);
    for (const int threads : {2, 4}) {
        const ItemItem other = solve(threads, none, budget);
        for (std::int32_t item = 0; item < 120; ++item) {
            EXPECT_TRUE(std::ranges::equal(
                one.row(item), other.row(item), [](const Target& x, const Target& y) {
                    return x.position == y.position && x.weight == y.weight;
                }));
        }
    }
    test::expect_clean_exhaustion([&](MemoryBudget& solving) { solve(2, none, solving); });
    test::expect_clean_cancellation(
        [&](Monitor& monitor, MemoryBudget& solving) { solve(1, monitor, solving); });
}

TEST(Ridge, EaseIsRefusedWithTheMemoryThatItNeeds) {
    MemoryBudget data_budget(test::kPlenty);
    Monitor monitor;
    std::vector<test::Rating> ratings;
    for (std::int64_t item = 0; item < 20000; ++item) {
        ratings.push_back({item % 100, item, 1});
    }
    const Interactions data = test::build(ratings, data_budget);
    const Learner& learner = find_learner("ease");
    MemoryBudget budget(std::size_t{1} << 30);
    const std::size_t needed =
        learner.fit_memory(data, Parameters(learner.parameters(), {}), {}, monitor, budget);
    EXPECT_GT(needed, std::size_t{8} * 20000 * 20000);
    EXPECT_LT(needed, std::size_t{9} * 20000 * 20000);
    EXPECT_THROW(budget.require(needed, "training"), Error);
}

TEST(DenseInverse, IsTheInverse) {
    // Across the sizes of tiles (128): one short, several, the last one of a single row.
    for (const std::size_t n : {std::size_t{1}, std::size_t{7}, std::size_t{128}, std::size_t{129},
                                std::size_t{300}}) {
        MemoryBudget budget(test::kPlenty);
        Monitor monitor;
        std::mt19937 random(static_cast<std::uint32_t>(n));
        std::uniform_real_distribution<double> uniform(-1, 1);
        Dense a(n, std::vector<double>(n));
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j <= i; ++j) {
                a[i][j] = a[j][i] = uniform(random);
            }
            a[i][i] += static_cast<double>(n);
        }
        DenseSymmetric matrix(n, &budget);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j <= i; ++j) {
                matrix.lower(i, j) = a[i][j];
            }
        }
        matrix.invert(2, monitor);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) {
                double product = 0;
                for (std::size_t k = 0; k < n; ++k) {
                    product += a[i][k] * matrix.at(k, j);
                }
                EXPECT_NEAR(product, i == j ? 1 : 0, 1e-10) << n << ": " << i << ", " << j;
            }
        }
    }
}

TEST(DenseInverse, RefusesWhatIsNotPositiveDefinite) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    DenseSymmetric matrix(2, &budget);
    matrix.lower(0, 0) = matrix.lower(1, 1) = 1;
    matrix.lower(1, 0) = 2;
    EXPECT_THROW(matrix.invert(1, monitor), Error);
}

}  // namespace
}  // namespace knowhow
