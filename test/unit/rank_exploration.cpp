// Exploration: propensities against enumeration and against frequencies, and what they are for.
#include "engine/rank/exploration.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "engine/base/error.hpp"
#include "learn_support.hpp"

namespace knowhow {
namespace {

class Exploration : public ::testing::Test {
  protected:
    std::pmr::vector<Drawn> draw(std::size_t length, std::size_t candidates, double share,
                                 std::uint64_t seed) {
        return explore(length, candidates, share, seed, monitor_, budget_);
    }
    Monitor monitor_;
    MemoryBudget budget_{test::kPlenty};
};

// P(candidate at rank), over all sets of ranks that may be given up.
double enumerated(std::size_t length, std::size_t candidates, double share, std::size_t candidate,
                  std::size_t rank) {
    double sum = 0;
    for (std::uint32_t given_up = 0; given_up < (1U << length); ++given_up) {
        const int count = std::popcount(given_up);
        const double probability =
            std::pow(share, count) * std::pow(1 - share, static_cast<int>(length) - count);
        const bool rank_kept = (given_up >> rank & 1) == 0;
        const bool free = candidate >= length || (given_up >> candidate & 1) != 0;
        if (rank_kept) {
            sum += candidate == rank ? probability : 0;
        } else if (free) {
            sum += probability / static_cast<double>(candidates - length +
                                                     static_cast<std::size_t>(count));
        }
    }
    return sum;
}

TEST_F(Exploration, WithoutItTheListIsAsItWas) {
    const auto list = draw(5, 9, 0, 7);
    ASSERT_EQ(list.size(), 5u);
    for (std::size_t rank = 0; rank < list.size(); ++rank) {
        EXPECT_EQ(list[rank].candidate, rank);
        EXPECT_FALSE(list[rank].by_chance);
        EXPECT_EQ(list[rank].propensity, 1);
        EXPECT_EQ(list[rank].anywhere, 1);
    }
    EXPECT_TRUE(draw(0, 0, 0.5, 1).empty());
    EXPECT_TRUE(draw(0, 3, 1, 1).empty());
}

TEST_F(Exploration, PropensitiesAreThoseOfEnumeration) {
    struct {
        std::size_t length, candidates;
        double share;
    } const cases[] = {{1, 1, 0.3}, {1, 5, 0.1}, {3, 3, 0.5}, {4, 9, 0.2},
                       {5, 6, 0.9}, {6, 6, 1},   {3, 8, 1},   {2, 40, 1e-6}};
    for (const auto& c : cases) {
        std::map<std::pair<std::size_t, std::size_t>, double> seen;
        for (std::uint64_t seed = 0; seed < 3000; ++seed) {
            double places = 0;
            std::vector<bool> shown(c.candidates);
            const auto list = draw(c.length, c.candidates, c.share, seed);
            for (std::size_t rank = 0; rank < list.size(); ++rank) {
                const Drawn& drawn = list[rank];
                ASSERT_LT(drawn.candidate, c.candidates);
                ASSERT_FALSE(shown[drawn.candidate]) << "twice in one list";
                shown[drawn.candidate] = true;
                ASSERT_NEAR(
                    drawn.propensity,
                    enumerated(c.length, c.candidates, c.share, drawn.candidate, rank), 1e-12);
                double anywhere = 0;
                for (std::size_t other = 0; other < c.length; ++other) {
                    anywhere += enumerated(c.length, c.candidates, c.share, drawn.candidate, other);
                }
                ASSERT_NEAR(drawn.anywhere, anywhere, 1e-12);
                places += 1;
            }
            ASSERT_EQ(places, static_cast<double>(c.length));
        }
    }
}

TEST_F(Exploration, FrequenciesOverSeedsMatchPropensities) {
    constexpr std::size_t kLength = 4;
    constexpr std::size_t kCandidates = 10;
    constexpr double kShare = 0.3;
    constexpr int kSeeds = 200000;
    std::vector<std::vector<double>> count(kLength, std::vector<double>(kCandidates));
    for (int seed = 0; seed < kSeeds; ++seed) {
        const auto list = draw(kLength, kCandidates, kShare, static_cast<std::uint64_t>(seed));
        for (std::size_t rank = 0; rank < kLength; ++rank) {
            ++count[rank][list[rank].candidate];
        }
    }
    for (std::size_t rank = 0; rank < kLength; ++rank) {
        double chi_square = 0;
        double total = 0;
        for (std::size_t c = 0; c < kCandidates; ++c) {
            const double p = enumerated(kLength, kCandidates, kShare, c, rank);
            const double expected = kSeeds * p;
            total += p;
            chi_square += (count[rank][c] - expected) * (count[rank][c] - expected) / expected;
        }
        EXPECT_NEAR(total, 1, 1e-12);
        EXPECT_LT(chi_square, 27.9) << rank;  // 0.999 quantile at 9 degrees of freedom
    }
}

// What another policy would have got, estimated from lists that were explored: its reward depends
// on the candidate and the rank.
TEST_F(Exploration, InversePropensityEstimatesAreUnbiased) {
    constexpr std::size_t kLength = 3;
    constexpr std::size_t kCandidates = 8;
    constexpr int kSeeds = 100000;
    const auto reward = [](std::size_t candidate, std::size_t rank) {
        return static_cast<double>(candidate * candidate % 5) / static_cast<double>(rank + 1);
    };
    const std::vector<std::size_t> policies[] = {{0, 1, 2}, {2, 0, 1}, {7, 1, 4}, {5, 6, 7}};
    for (const auto& policy : policies) {
        double truth = 0;
        for (std::size_t rank = 0; rank < kLength; ++rank) {
            truth += reward(policy[rank], rank);
        }
        double sum = 0;
        double squares = 0;
        double naive = 0;
        for (int seed = 0; seed < kSeeds; ++seed) {
            double estimate = 0;
            const auto list = draw(kLength, kCandidates, 0.4, static_cast<std::uint64_t>(seed));
            for (std::size_t rank = 0; rank < kLength; ++rank) {
                const Drawn& drawn = list[rank];
                naive += reward(drawn.candidate, rank) / kSeeds;
                if (drawn.candidate == policy[rank]) {
                    estimate += reward(drawn.candidate, rank) / drawn.propensity;
                }
            }
            sum += estimate;
            squares += estimate * estimate;
        }
        const double mean = sum / kSeeds;
        const double error = std::sqrt((squares / kSeeds - mean * mean) / kSeeds);
        EXPECT_NEAR(mean, truth, 4 * error);
        EXPECT_LT(error, 0.05 * (truth + 1));
        EXPECT_GT(std::abs(naive - truth), 4 * error) << "the test could not tell them apart";
    }
}

TEST_F(Exploration, SameSeedSameListAndOtherwiseAnother) {
    const auto one = draw(50, 500, 0.5, 3);
    const auto again = draw(50, 500, 0.5, 3);
    const auto other = draw(50, 500, 0.5, 4);
    int same = 0;
    for (std::size_t rank = 0; rank < one.size(); ++rank) {
        EXPECT_EQ(one[rank].candidate, again[rank].candidate);
        same += one[rank].candidate == other[rank].candidate;
    }
    EXPECT_LT(same, 25);
}

TEST_F(Exploration, LongListsKeepTheirDigits) {
    const auto list = draw(100000, 300000, 0.1, 1);
    double by_chance = 0;
    for (const Drawn& drawn : list) {
        ASSERT_GT(drawn.propensity, 0);
        ASSERT_LE(drawn.propensity, 1);
        ASSERT_LE(drawn.anywhere, 1);
        by_chance += drawn.by_chance;
    }
    EXPECT_NEAR(by_chance, 10000, 500);
    // The pool is 200,000 and about 10,000 more.
    EXPECT_NEAR(list[0].by_chance ? 0.9 : list[0].propensity, 0.9, 1e-5);
}

TEST_F(Exploration, WhatCannotBeDrawnIsRefused) {
    EXPECT_THROW(draw(2, 1, 0.5, 0), Error);
    EXPECT_THROW(draw(1, 2, -0.1, 0), Error);
    EXPECT_THROW(draw(1, 2, 1.1, 0), Error);
    EXPECT_THROW(draw(1, 2, std::numeric_limits<double>::quiet_NaN(), 0), Error);
}

}  // namespace
}  // namespace knowhow
