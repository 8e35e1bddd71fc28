#include "engine/learn/similarity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "learn_support.hpp"

namespace knowhow {
namespace {

// Values of both signs, weighted columns, and different norms left and right.
TEST(TopSimilarities, EqualsTheFormula) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    const Interactions data = test::build(test::random_ratings(1, 50, 40, 0.3, true), budget);
    const auto x = test::dense(data);  // columns × items
    std::vector<double> column_weight, left, right;
    for (std::size_t c = 0; c < x.size(); ++c) {
        column_weight.push_back(static_cast<double>(c % 4) / 2);  // some are left out
    }
    for (std::size_t i = 0; i < data.items().size(); ++i) {
        left.push_back(static_cast<double>(i % 5));  // zero with no shrinkage: no row
        right.push_back(1 + static_cast<double>(i % 3));
    }
    for (const double shrinkage : {0.0, 1.5}) {
        for (const std::int32_t targets : {3, 1000}) {
            for (const int threads : {1, 3}) {
                const Similarity similarity = {data.by_item(), data.by_user(), column_weight,
                                               left,           right,          shrinkage};
                const ItemItem model =
                    top_similarities(similarity, targets, threads, monitor, budget);
                for (std::size_t i = 0; i < left.size(); ++i) {
                    std::vector<Target> expected;
                    for (std::size_t j = 0; j < left.size(); ++j) {
                        double product = 0;
                        for (std::size_t c = 0; c < x.size(); ++c) {
                            product += column_weight[c] * x[c][i] * x[c][j];
                        }
                        const double denominator = left[i] * right[j] + shrinkage;
                        if (i != j && product != 0 && denominator > 0) {
                            expected.push_back({static_cast<std::int32_t>(j),
                                                static_cast<float>(product / denominator)});
                        }
                    }
                    std::sort(expected.begin(), expected.end(), stronger);
                    expected.resize(std::min(expected.size(), static_cast<std::size_t>(targets)));
                    const auto row = model.row(static_cast<std::int32_t>(i));
                    ASSERT_EQ(row.size(), expected.size());
                    for (std::size_t k = 0; k < row.size(); ++k) {
                        EXPECT_EQ(row[k].position, expected[k].position);
                        EXPECT_NEAR(row[k].weight, expected[k].weight, 1e-6);
                    }
                }
            }
        }
    }
}

TEST(TopSimilarities, SumsMayPassThroughZero) {
    // Items 1 and 2: products 1, -1 and then 2. Items 1 and 3: 1 and -1, so nothing.
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    const Interactions data = test::build(
        {{1, 1, 1}, {2, 1, 1}, {3, 1, 2}, {1, 2, 1}, {2, 2, -1}, {3, 2, 1}, {1, 3, 1}, {2, 3, -1}},
        budget);
    const std::vector<double> ones(3, 1.0);
    const ItemItem model = top_similarities({data.by_item(), data.by_user(), ones, ones, ones, 0},
                                            10, 1, monitor, budget);
    ASSERT_EQ(model.row(0).size(), 1U);
    EXPECT_EQ(model.row(0)[0].position, 1);
    EXPECT_EQ(model.row(0)[0].weight, 2);
}

}  // namespace
}  // namespace knowhow
