#include "engine/rank/fusion.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

std::vector<double> random_values(std::mt19937& random, std::size_t n, double low) {
    std::uniform_real_distribution<double> uniform(low, 1);
    std::vector<double> result(n);
    for (double& value : result) {
        value = uniform(random);
    }
    return result;
}

std::vector<double> over_maximum(std::vector<double> values) {
    const double maximum = *std::max_element(values.begin(), values.end());
    for (double& value : values) {
        value = maximum > 0 ? value / maximum : 0;
    }
    return values;
}

class FusionTest : public testing::Test {
  protected:
    MemoryBudget budget{1 << 24};
};

TEST_F(FusionTest, EqualsTheFormula) {
    std::mt19937 random(1);
    const std::size_t n = 200;
    for (int round = 0; round < 10; ++round) {
        const auto text = random_values(random, n, 0);
        const auto first = random_values(random, n, -0.5);
        const auto second = random_values(random, n, 0);
        const auto popular = random_values(random, n, 0);
        const auto fresh = random_values(random, n, 0);
        const auto trending = random_values(random, n, 0);
        const std::vector<PersonalSignal> personal = {{first, 1}, {second, 0.6}};
        FusionOptions options;
        options.trending_weight = 0.02;
        const Fusion with({n}, {text, personal, popular, fresh, trending}, options, budget);
        const Fusion without({n}, {{}, personal, popular, fresh, trending}, options, budget);
        EXPECT_TRUE(with.uses_text());
        EXPECT_FALSE(without.uses_text());

        const auto m_text = over_maximum(text), m_first = over_maximum(first),
                   m_second = over_maximum(second), m_popular = over_maximum(popular),
                   m_fresh = over_maximum(fresh), m_trending = over_maximum(trending);
        std::vector<double> person(n);
        for (std::size_t c = 0; c < n; ++c) {
            person[c] = m_first[c] + 0.6 * m_second[c];
        }
        const auto m_person = over_maximum(person);
        for (std::size_t c = 0; c < n; ++c) {
            const double ties = 1e-3 * m_popular[c] + 0.02 * m_trending[c] + 1e-4 * m_fresh[c];
            EXPECT_NEAR(without.score(c), person[c] + ties, 1e-12);
            EXPECT_NEAR(
                with.score(c),
                2 * std::log(m_text[c] + 0.1) + std::log(std::max(m_person[c], 0.0) + 0.1) + ties,
                1e-12);
            // The parts add up, in the space in which they are added.
            EXPECT_NEAR(without.share(0, c) + without.share(1, c), without.parts(c).person, 1e-15);
            EXPECT_NEAR(with.share(0, c) + with.share(1, c), person[c], 1e-15);
            const Fusion::Parts& parts = with.parts(c);
            EXPECT_EQ(parts.text + parts.person + parts.popularity + parts.trending +
                          parts.freshness,
                      with.score(c));
        }
    }
}

TEST_F(FusionTest, ScaleOfASignalDoesNotMatter) {
    const std::vector<double> small = {1, 2, 4};
    const std::vector<double> large = {1024, 2048, 4096};
    const std::vector<PersonalSignal> a = {{small, 1}};
    const std::vector<PersonalSignal> b = {{large, 1}};
    const Fusion x(3, {small, a, small, small}, {}, budget);
    const Fusion y(3, {large, b, large, large}, {}, budget);
    for (std::size_t c = 0; c < 3; ++c) {
        EXPECT_EQ(x.score(c), y.score(c));
    }
}

TEST_F(FusionTest, NextBestSignalServesWhereOneIsMissing) {
    const std::vector<double> zero = {0, 0, 0};
    const std::vector<double> some = {3, 1, 2};
    const std::vector<PersonalSignal> unknown = {{zero, 1}, {{}, 1}};
    const std::vector<PersonalSignal> known = {{some, 1}};
    const auto order = [](const Fusion& fusion) {
        std::vector<int> result = {0, 1, 2};
        std::stable_sort(result.begin(), result.end(), [&](int a, int b) {
            return fusion.score(static_cast<std::size_t>(a)) >
                   fusion.score(static_cast<std::size_t>(b));
        });
        return result;
    };
    const std::vector<int> by_some = {0, 2, 1};
    // An unknown word: for you. An unknown person: text. Neither: popularity, then freshness.
    const Fusion unknown_word(3, {zero, known, {}, {}}, {}, budget);
    EXPECT_FALSE(unknown_word.uses_text());
    EXPECT_EQ(order(unknown_word), by_some);
    const Fusion unknown_person(3, {some, unknown, {}, {}}, {}, budget);
    EXPECT_EQ(order(unknown_person), by_some);
    EXPECT_EQ(unknown_person.parts(0).person, 0);
    EXPECT_EQ(order(Fusion(3, {zero, unknown, some, {}}, {}, budget)), by_some);
    EXPECT_EQ(order(Fusion(3, {{}, {}, {}, some}, {}, budget)), by_some);
    const Fusion nothing(3, {}, {}, budget);
    EXPECT_EQ(nothing.score(1), 0);
    EXPECT_EQ(Fusion(0, {}, {}, budget).uses_text(), false);
}

TEST_F(FusionTest, NegativeSignalsLower) {
    const std::vector<double> text = {1, 1, 1};
    const std::vector<double> signal = {1, 0, -1};
    const std::vector<double> all_negative = {-1, -2, -3};
    const std::vector<PersonalSignal> personal = {{signal, 1}};
    const Fusion without(3, {{}, personal, {}, {}}, {}, budget);
    EXPECT_EQ(without.score(2), -1);
    const Fusion with(3, {text, personal, {}, {}}, {}, budget);
    EXPECT_EQ(with.score(2), with.score(1));  // under the logarithm nothing lies below zero
    const std::vector<PersonalSignal> negative = {{all_negative, 1}};
    EXPECT_EQ(Fusion(3, {{}, negative, {}, {}}, {}, budget).score(2), 0);
}

TEST_F(FusionTest, RefusesWhatItCannotCompute) {
    const std::vector<double> good = {1, 2};
    const std::vector<double> nan = {1, std::numeric_limits<double>::quiet_NaN()};
    const std::vector<double> infinite = {1, std::numeric_limits<double>::infinity()};
    const std::vector<double> three = {1, 2, 3};
    const std::vector<PersonalSignal> negative_weight = {{good, -1}};
    const auto fails = [&](const Signals& signals, const FusionOptions& options) {
        try {
            Fusion(2, signals, options, budget);
            return false;
        } catch (const Error& error) {
            return error.code() == ErrorCode::kInvalidArgument;
        }
    };
    EXPECT_FALSE(fails({good, {}, good, good}, {}));
    EXPECT_TRUE(fails({nan, {}, {}, {}}, {}));
    EXPECT_TRUE(fails({{}, {}, infinite, {}}, {}));
    EXPECT_TRUE(fails({three, {}, {}, {}}, {}));
    EXPECT_TRUE(fails({{}, negative_weight, {}, {}}, {}));
    EXPECT_TRUE(fails({}, {.offset = 0}));
    EXPECT_TRUE(fails({}, {.text_weight = -1}));
    EXPECT_EQ(budget.used(), 0U);
    MemoryBudget tiny(16);
    EXPECT_THROW(Fusion(2, {}, {}, tiny), Error);
    EXPECT_EQ(tiny.used(), 0U);
}

}  // namespace
}  // namespace knowhow
