#include "engine/rank/profile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "learn_support.hpp"
#include "rank_vectors.hpp"

namespace knowhow {
namespace {

// Any number that depends on the term alone.
double idf_of(std::string_view term) {
    return 0.5 + static_cast<double>(term.back() - '0') / 4;
}

void fill_idf(std::span<ProfileTerm> terms) {
    for (ProfileTerm& term : terms) {
        term.idf = idf_of(term.term);
    }
}

std::vector<ProfileDocument> history(const std::vector<test::Vector>& vectors,
                                     const std::vector<double>& weights) {
    std::vector<ProfileDocument> result;
    for (std::size_t d = 0; d < vectors.size(); ++d) {
        result.push_back({vectors[d].view(), weights[d]});
    }
    return result;
}

TEST(ContentProfile, EqualsTheFormula) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
        const auto documents = test::random_documents(seed, 20, 80, 15, seed % 2 == 0);
        std::vector<double> weights;
        for (std::size_t d = 0; d < documents.size(); ++d) {
            weights.push_back(static_cast<double>(d % 5) / 2 - 0.5);  // some not positive
        }
        for (const double power : {0.0, 0.5, 1.0}) {
            std::map<std::string, double> expected;
            for (std::size_t d = 0; d < documents.size(); ++d) {
                double squares = 0;
                for (const auto& [term, weight] : documents[d]) {
                    squares += std::pow(weight * idf_of(term), 2);
                }
                for (const auto& [term, weight] : documents[d]) {
                    if (weights[d] > 0) {
                        expected[term] += weights[d] * weight * idf_of(term) /
                                          std::pow(std::sqrt(squares), power);
                    }
                }
            }
            std::vector<double> strengths;
            for (const auto& entry : expected) {
                strengths.push_back(std::abs(entry.second));
            }
            std::sort(strengths.begin(), strengths.end(), std::greater<>());
            for (const std::size_t terms : {1U, 10U, 1000U}) {
                auto vectors =
                    std::make_unique<std::vector<test::Vector>>(test::encoded(documents));
                const ContentProfile profile(history(*vectors, weights), fill_idf,
                                             {.terms = terms, .norm_power = power}, monitor,
                                             budget);
                vectors.reset();  // the profile holds its terms
                ASSERT_EQ(profile.terms().size(), std::min(terms, expected.size()));
                std::string_view before;
                for (const ProfileTerm& term : profile.terms()) {
                    EXPECT_LT(before, term.term);
                    before = term.term;
                    EXPECT_NEAR(term.weight, expected.at(std::string(term.term)), 1e-12);
                    EXPECT_EQ(term.idf, idf_of(term.term));
                    EXPECT_GE(std::abs(term.weight), strengths[profile.terms().size() - 1] - 1e-12);
                }
            }
        }
    }
    EXPECT_EQ(budget.used(), 0U);
}

TEST(ContentProfile, TiesGoByBytes) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    const auto vectors = test::encoded({{{"d0", 1}, {"b0", 1}, {"c0", 1}, {"a0", 1}}});
    const ContentProfile profile(history(vectors, {1}), fill_idf, {.terms = 2}, monitor, budget);
    ASSERT_EQ(profile.terms().size(), 2U);
    EXPECT_EQ(profile.terms()[0].term, "a0");
    EXPECT_EQ(profile.terms()[1].term, "b0");
}

TEST(ContentProfile, DegenerateData) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    int calls = 0;
    const auto counting = [&](std::span<ProfileTerm> terms) {
        ++calls;
        fill_idf(terms);
    };
    EXPECT_TRUE(ContentProfile({}, counting, {}, monitor, budget).terms().empty());
    const auto vectors = test::encoded({{}, {{"a1", 1}}, {{"b1", 1}}});
    EXPECT_TRUE(ContentProfile(history(vectors, {1, 0, -1}), counting, {}, monitor, budget)
                    .terms()
                    .empty());
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(
        ContentProfile(history(vectors, {1, 1, -1}), counting, {}, monitor, budget).terms().size(),
        1U);
    EXPECT_EQ(calls, 1);
    // A term of every document may have an idf of zero: it is in no profile.
    const ContentProfile zero(
        history(vectors, {1, 1, 1}), [](std::span<ProfileTerm>) {}, {}, monitor, budget);
    EXPECT_TRUE(zero.terms().empty());
}

TEST(ContentProfile, RefusesWhatIsNoNumber) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    const auto vectors = test::encoded({{{"a1", 1}}});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW(ContentProfile(history(vectors, {nan}), fill_idf, {}, monitor, budget), Error);
    EXPECT_THROW(ContentProfile(history(vectors, {1}), fill_idf, {.terms = 0}, monitor, budget),
                 Error);
    try {
        ContentProfile(
            history(vectors, {1}), [&](std::span<ProfileTerm> terms) { terms[0].idf = nan; }, {},
            monitor, budget);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("\"a1\""), std::string::npos);
    }
}

TEST(ContentProfile, StopsAndRunsOutOfMemoryCleanly) {
    const auto vectors = test::encoded(test::random_documents(3, 300, 5000, 100));
    const auto documents = history(vectors, std::vector<double>(300, 1.0));
    test::expect_clean_cancellation([&](Monitor& monitor, MemoryBudget& budget) {
        ContentProfile(documents, fill_idf, {}, monitor, budget);
    });
    test::expect_clean_exhaustion([&](MemoryBudget& budget) {
        Monitor monitor;
        ContentProfile(documents, fill_idf, {}, monitor, budget);
    });
}

}  // namespace
}  // namespace knowhow
