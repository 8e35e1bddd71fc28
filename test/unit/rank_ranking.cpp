// Candidates: ordering, ties, evidence that adds up, diversity.
#include "engine/rank/ranking.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "engine/rank/signal_weights.hpp"

namespace knowhow {
namespace {

std::string stored(std::vector<TermWeight> terms) {
    std::string bytes(encoded_size(terms), '\0');
    encode(terms, bytes.data());
    return bytes;
}

VectorView view(const std::string& bytes) { return {bytes.data(), bytes.size()}; }

// Sum of the numbers in `"parts":{...}`.
double sum_of_parts(const std::string& evidence) {
    std::size_t at = evidence.find("\"parts\":{") + 9;
    std::size_t const end = evidence.find('}', at);
    double sum = 0;
    while ((at = evidence.find(':', at)) != std::string::npos && at < end) {
        sum += std::stod(evidence.substr(++at));
    }
    return sum;
}

class RankingTest : public ::testing::Test {
  protected:
    const std::vector<Answer>& rank(Ranking& ranking, std::size_t count) {
        return ranking.rank(count, 3, monitor_, budget_);
    }
    Monitor monitor_;
    MemoryBudget budget_{std::size_t{64} << 20};
    Person nobody_{monitor_};
};

TEST_F(RankingTest, SearchScoresAreInnerProductsAndLeaveOutWhatSharesNoTerm) {
    RankingOptions options;
    options.text_only = true;
    Ranking ranking(nobody_, options);
    const std::string query = stored({{"a", 2}, {"b", 1}});
    const std::string one = stored({{"a", 0.5}});
    const std::string two = stored({{"a", 0.5}, {"b", 1}});
    const std::string none = stored({{"z", 1}});
    for (std::int64_t id : {1, 2, 3, 4}) {
        ranking.add(id);
    }
    ranking.set_query(view(query));
    ranking.describe(1, "one", view(one));
    ranking.describe(2, "two", view(two));
    ranking.describe(3, "none", view(none));
    // 4 is not readable.
    const std::vector<Answer>& answers = rank(ranking, 10);
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_EQ(answers[0].id, 2);
    EXPECT_DOUBLE_EQ(answers[0].score, 2);
    EXPECT_EQ(answers[1].id, 1);
    EXPECT_DOUBLE_EQ(answers[1].score, 1);
    EXPECT_NE(answers[0].reason.find("matches a, b"), std::string::npos) << answers[0].reason;
}

TEST_F(RankingTest, WithoutAnySignalTheFreshestComesFirstAndTiesGoById) {
    Ranking ranking(nobody_, RankingOptions{});
    for (std::int64_t id : {9, 4, 7}) {
        ranking.add(id);
        ranking.describe(id, "", VectorView());
    }
    ranking.set_age(7, 0);
    const std::vector<Answer>& answers = rank(ranking, 10);
    ASSERT_EQ(answers.size(), 3u);
    EXPECT_EQ(answers[0].id, 7);
    EXPECT_EQ(answers[1].id, 4);
    EXPECT_EQ(answers[2].id, 9);
    EXPECT_EQ(rank(ranking, 1).size(), 1u);
}

TEST_F(RankingTest, PartsAddUpWithAndWithoutAQuery) {
    const std::string liked = stored({{"a", 1}, {"b", 0.7}});
    Person person(monitor_);
    person.add(100, 1);
    person.describe(100, "liked", view(liked));
    person.keep_readable();
    person.add_label(100, "tag:x");
    std::vector<double> const idf(person.collect_terms(10).size(), 1.5);
    person.set_term_idf(idf);
    person.build_profile();
    std::vector<double> const label_idf(person.collect_labels().size(), 2);
    person.build_labels(label_idf);
    const std::vector<std::int32_t> targets = {0, 2};
    const std::vector<float> weights = {0.5f, -0.25f};
    person.add_row(100, 5, targets, weights);
    person.add_up_positions();

    const std::string query = stored({{"b", 1}, {"c", 3}});
    const std::string contents[] = {stored({{"a", 1}, {"b", 1}}), stored({{"c", 1}}),
                                    stored({{"q", 1}}), stored({})};
    for (bool with_query : {false, true}) {
        Ranking ranking(person, RankingOptions{});
        for (int i = 0; i < 4; ++i) {
            ranking.add(i);
        }
        for (int i = 0; i < 4; ++i) {
            ranking.describe(i, "t", view(contents[i]));
            ranking.set_position(i, i, {i * 1.5, i * 0.5});
        }
        ranking.add_label(1, "tag:x");
        std::vector<double> const candidate_idf(ranking.collect_labels().size(), 2);
        ranking.set_label_idf(candidate_idf);
        if (with_query) {
            ranking.set_query(view(query));
        }
        const std::vector<Answer>& answers = rank(ranking, 10);
        ASSERT_EQ(answers.size(), 4u);
        for (const Answer& answer : answers) {
            EXPECT_NEAR(sum_of_parts(answer.evidence), answer.score, 1e-12) << answer.evidence;
            EXPECT_FALSE(answer.reason.empty());
        }
        // The account of each says the same, be it among the two that are shown or not.
        for (std::size_t i = 0; i < answers.size(); ++i) {
            const Account* const account =
                ranking.account(answers[i].id, 2, 3, {}, monitor_, budget_);
            ASSERT_NE(account, nullptr);
            EXPECT_EQ(account->candidates, 4u);
            EXPECT_EQ(account->rank, i + 1);
            EXPECT_EQ(account->shown_at, i < 2 ? i + 1 : 0);
            EXPECT_EQ(account->score, answers[i].score);
            double sum = 0;
            for (const SignalAccount& signal : account->signals) {
                sum += signal.contribution;
            }
            EXPECT_NEAR(sum, account->score, 1e-12);
        }
        EXPECT_EQ(ranking.account(99, 2, 3, {}, monitor_, budget_), nullptr);
    }
}

TEST_F(RankingTest, EvidenceEscapesWhatJsonReserves) {
    Person person(monitor_);
    person.add(1, 1);
    person.describe(1, "a \"quoted\" \\ title\n\x01", VectorView());
    person.keep_readable();
    const std::vector<std::int32_t> targets = {0};
    const std::vector<float> weights = {1};
    person.add_row(1, 9, targets, weights);
    person.add_up_positions();
    Ranking ranking(person, RankingOptions{});
    ranking.add(2);
    ranking.describe(2, "", VectorView());
    ranking.set_position(2, 0, {});
    const Answer& answer = rank(ranking, 1).at(0);
    EXPECT_NE(answer.evidence.find("a \\\"quoted\\\" \\\\ title\\u000a\\u0001"), std::string::npos)
        << answer.evidence;
}

TEST_F(RankingTest, DiversityPutsTheUnlikeSecond) {
    const std::string query = stored({{"a", 1}, {"b", 0.5}});
    const std::string first = stored({{"a", 1.0}});
    const std::string twin = stored({{"a", 0.99}});
    const std::string other = stored({{"b", 1.0}});
    RankingOptions options;
    options.text_only = true;
    for (double diversity : {0.0, 0.7}) {
        options.diversity = diversity;
        Ranking ranking(nobody_, options);
        for (std::int64_t id : {1, 2, 3}) {
            ranking.add(id);
        }
        ranking.set_query(view(query));
        ranking.describe(1, "", view(first));
        ranking.describe(2, "", view(twin));
        ranking.describe(3, "", view(other));
        const std::vector<Answer>& answers = rank(ranking, 3);
        ASSERT_EQ(answers.size(), 3u);
        EXPECT_EQ(answers[0].id, 1);
        EXPECT_EQ(answers[1].id, diversity == 0 ? 2 : 3);
    }
}

TEST_F(RankingTest, WhatPeopleWantNowComesFromTheModelAndForTheYoungestFromRows) {
    RankingOptions options;
    options.fusion.trending_weight = 1;
    Ranking ranking(nobody_, options);
    for (std::int64_t id : {1, 2, 3, 4, 5}) {
        ranking.add(id);
        ranking.describe(id, "", VectorView());
        ranking.set_age(id, static_cast<double>(10 - id));
    }
    ranking.set_position(1, 0, {9, 2});
    EXPECT_EQ(ranking.collect_unknown(2), (std::vector<std::int64_t>{4, 5}));
    for (std::int32_t minute : {0, 1440}) {
        ranking.add_row(5, {minute, 2});
        ranking.add_row(3, {minute, 100});  // not asked for
    }
    ranking.add_row(4, {1440, 1});
    ranking.add_up_rows({1, 1440});
    const std::vector<Answer>& answers = rank(ranking, 10);
    ASSERT_EQ(answers.size(), 5u);
    EXPECT_EQ(answers[0].id, 5);  // 2 + 1
    EXPECT_EQ(answers[1].id, 1);  // 2
    EXPECT_EQ(answers[2].id, 4);  // 1
    EXPECT_EQ(answers[0].reason, "read by many now");
    EXPECT_NE(answers[0].evidence.find("\"trending\":3"), std::string::npos) << answers[0].evidence;
    for (const Answer& answer : answers) {
        EXPECT_NEAR(sum_of_parts(answer.evidence), answer.score, 1e-12);
    }
}

TEST_F(RankingTest, OfUndatedCandidatesTheLaterIdsCountAsYounger) {
    Ranking ranking(nobody_, RankingOptions{});
    for (std::int64_t id : {1, 2, 3, 4}) {
        ranking.add(id);
    }
    ranking.set_age(1, 100);
    EXPECT_EQ(ranking.collect_unknown(2), (std::vector<std::int64_t>{1, 4}));
    EXPECT_EQ(ranking.collect_unknown(9).size(), 4u);
    EXPECT_TRUE(ranking.collect_unknown(0).empty());
}

TEST_F(RankingTest, ABaselineRanksByOneSignalAlone) {
    for (const Baseline& baseline : baselines()) {
        RankingOptions options;
        rank_by(baseline, options);
        Ranking ranking(nobody_, options);
        for (std::int64_t id : {1, 2, 3}) {
            ranking.add(id);
            ranking.describe(id, "", VectorView());
            ranking.set_age(id, static_cast<double>(id == 3 ? 0 : 10));
            ranking.set_position(id, static_cast<std::int32_t>(id),
                                 {id == 1 ? 1.0 : 0.1, id == 2 ? 1.0 : 0.1});
        }
        const std::string_view name = baseline.algorithm;
        const std::int64_t first = name == "popularity" ? 1 : name == "trending" ? 2 : 3;
        EXPECT_EQ(rank(ranking, 3).front().id, first) << name;
    }
    EXPECT_EQ(find_baseline("item_knn"), nullptr);
    EXPECT_EQ(find_baseline("newest"), &baselines()[2]);
}

TEST_F(RankingTest, DamagedNumbersDoNotUpsetTheOrder) {
    Ranking ranking(nobody_, RankingOptions{});
    for (std::int64_t id = 0; id < 50; ++id) {
        ranking.add(id);
        ranking.describe(id, "", VectorView());
        ranking.set_position(id, static_cast<std::int32_t>(id),
                             {id % 3 == 0 ? NAN : 1e308, id % 2 == 0 ? INFINITY : 1});
        ranking.set_collaborative(id, id % 2 == 0 ? NAN : -INFINITY);
    }
    EXPECT_EQ(rank(ranking, 50).size(), 50u);
}

}  // namespace
}  // namespace knowhow
