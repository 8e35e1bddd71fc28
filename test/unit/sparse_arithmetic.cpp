#include "engine/sparse/arithmetic.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/base/error.hpp"
#include "sparse_support.hpp"

namespace knowhow {
namespace {

using namespace sparse_test;

double at(const Naive& naive, const std::string& term) {
    const auto found = naive.find(term);
    return found == naive.end() ? 0 : found->second;
}

std::set<std::string> all_terms(const Naive& a, const Naive& b) {
    std::set<std::string> terms;
    for (const Naive* naive : {&a, &b}) {
        for (const auto& [term, weight] : *naive) {
            terms.insert(term);
        }
    }
    return terms;
}

TEST(SparseArithmetic, EqualsTheNaiveReference) {
    std::mt19937 random(3);
    for (int round = 0; round < 500; ++round) {
        const Naive a = random_naive(random, 1 + random() % 40, 100);
        const Naive b = random_naive(random, 1 + random() % 40, 100);
        double dot = 0;
        double a_square = 0;
        double b_square = 0;
        double difference = 0;
        bool shared = false;
        Naive sum;
        Naive minus;
        for (const std::string& term : all_terms(a, b)) {
            const double x = at(a, term);
            const double y = at(b, term);
            dot += x * y;
            a_square += x * x;
            b_square += y * y;
            difference += (x - y) * (x - y);
            shared = shared || (x != 0 && y != 0);
            if (x + y != 0) {
                sum[term] = x + y;
            }
            if (x - y != 0) {
                minus[term] = x - y;
            }
        }
        const Stored left(a);
        const Stored right(b);
        if (a.empty() || b.empty()) {
            continue;
        }
        ASSERT_NEAR(cosine_distance(left.view(), right.view()),
                    1 - dot / std::sqrt(a_square * b_square), 1e-12);
        ASSERT_NEAR(euclidean_distance(left.view(), right.view()), std::sqrt(difference), 1e-9);
        ASSERT_EQ(overlap(left.view(), right.view()), shared);
        ASSERT_EQ(to_naive(combine(left.view(), 1, right.view(), 1)), sum);
        ASSERT_EQ(to_naive(combine(left.view(), 1, right.view(), -1)), minus);
        const Stored unit(normalize(left.view()));
        ASSERT_NEAR(squared_norm(unit.view()), 1, 1e-6);
        ASSERT_NEAR(cosine_distance(unit.view(), left.view()), 0, 1e-7);
    }
}

TEST(SparseArithmetic, CosineWithAnEmptyVectorIsOne) {
    const Stored empty;
    const Stored some(Naive{{"a", 1}});
    EXPECT_EQ(cosine_distance(empty.view(), some.view()), 1);
    EXPECT_EQ(cosine_distance(some.view(), empty.view()), 1);
    EXPECT_EQ(cosine_distance(empty.view(), empty.view()), 1);
}

TEST(SparseArithmetic, CosineStaysInItsRange) {
    for (const double weight : {1e-45, 1e-30, 0.1, 3.0, 3.4e38}) {
        const Stored plus(Naive{{"a", weight}, {"b", weight}});
        const Stored minus(Naive{{"a", -weight}, {"b", -weight}});
        EXPECT_NEAR(cosine_distance(plus.view(), plus.view()), 0, 1e-15);
        EXPECT_GE(cosine_distance(plus.view(), plus.view()), 0);
        EXPECT_NEAR(cosine_distance(plus.view(), minus.view()), 2, 1e-15);
        EXPECT_LE(cosine_distance(plus.view(), minus.view()), 2);
    }
}

TEST(SparseArithmetic, CompareIsATotalOrderInWhichEqualMeansEqualBytes) {
    std::mt19937 random(4);
    std::vector<Stored> all;
    for (int i = 0; i < 60; ++i) {
        all.emplace_back(random_naive(random, random() % 4, 4));
    }
    for (const Stored& a : all) {
        for (const Stored& b : all) {
            const int order = compare(a.view(), b.view());
            ASSERT_EQ(order, -compare(b.view(), a.view()));
            ASSERT_EQ(order == 0, a.payload() == b.payload());
            for (const Stored& c : all) {
                if (order <= 0 && compare(b.view(), c.view()) <= 0) {
                    ASSERT_LE(compare(a.view(), c.view()), 0);
                }
            }
        }
    }
    EXPECT_LT(compare(Stored().view(), Stored(Naive{{"a", -1}}).view()), 0);
    EXPECT_LT(compare(Stored(Naive{{"a", 1}}).view(), Stored(Naive{{"a", 2}}).view()), 0);
    EXPECT_LT(compare(Stored(Naive{{"a", 2}}).view(), Stored(Naive{{"b", 1}}).view()), 0);
    EXPECT_LT(compare(Stored(Naive{{"a", 1}}).view(), Stored(Naive{{"a", 1}, {"b", 1}}).view()), 0);
}

TEST(SparseArithmetic, ScalesByFiniteNumbersOnly) {
    const Stored some(Naive{{"a", 2}, {"b", -3}});
    EXPECT_EQ(to_naive(scale(some.view(), -2)), (Naive{{"a", -4}, {"b", 6}}));
    EXPECT_TRUE(to_naive(scale(some.view(), 0)).empty());
    EXPECT_THROW(scale(some.view(), NAN), Error);
    EXPECT_THROW(scale(Stored().view(), INFINITY), Error);
    EXPECT_TRUE(normalize(Stored().view()).empty());
}

}  // namespace
}  // namespace knowhow
