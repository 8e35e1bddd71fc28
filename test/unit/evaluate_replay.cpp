// A moment of the past: nothing later counts, whatever it is.
#include "engine/evaluate/evaluation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/learn/learner.hpp"
#include "rank_vectors.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 26;
constexpr std::int64_t kDay = std::int64_t{86400} * 1000000;

// 30 snippets, made one a day; 12 people who each meet some of them, one or two days after.
class ReplayTest : public ::testing::Test {
  protected:
    using More = std::function<void(Archive&)>;

    void fill(Archive& archive, const More& more = nullptr) {
        const auto terms = test::random_documents(4, 30, 40, 8);
        for (std::int64_t s = 0; s < 30; ++s) {
            add_snippet(archive, 100 + s, s * kDay, terms[static_cast<std::size_t>(s)]);
        }
        for (std::int64_t s = 0; s < 30; ++s) {
            archive.add_label(100 + s, "topic:" + std::to_string(s % 4), s * kDay);
            for (std::int64_t user = 0; user < 12; ++user) {
                if ((s * 7 + user * 5) % 11 < 4) {
                    archive.add_interaction(user, 100 + s, 1, s * kDay + (user + 1) * kDay / 8);
                }
            }
        }
        if (more) {
            more(archive);
        }
        archive.finish();
    }

    void add_snippet(Archive& archive, std::int64_t id, std::int64_t at, const test::Terms& terms) {
        std::vector<TermWeight> sorted;
        for (const auto& [term, weight] : terms) {
            sorted.push_back({term, weight});
        }
        std::string bytes(encoded_size(sorted), '\0');
        encode(sorted, bytes.data());
        ArchivedSnippet snippet;
        snippet.id = id;
        snippet.has_content = true;
        snippet.created_at = at;
        archive.add_snippet(snippet, bytes);
    }

    // (id, score) of everything, as of a moment, by a model of that moment.
    std::vector<std::pair<std::int64_t, double>> ranked(std::int64_t user, std::int64_t moment,
                                                        const More& more = nullptr) {
        Archive archive(budget_, monitor_);
        fill(archive, more);
        Replay replay(archive, options_, {}, monitor_, budget_);
        replay.train(moment, moment);
        Question question;
        question.user = user;
        question.moment = question.clock = moment;
        const std::vector<TermWeight> query = {{"t0", 1}, {"t1", 1}, {"t4", 1}};
        question.query = query;
        std::vector<std::pair<std::int64_t, double>> result;
        for (const Scored& scored : replay.rank(question)) {
            result.emplace_back(archive.snippets()[static_cast<std::size_t>(scored.id)].id,
                                scored.score);
        }
        return result;
    }

    std::vector<Outcome> outcomes(Split split, const More& more = nullptr) {
        Archive archive(budget_, monitor_);
        fill(archive, more);
        return ask_all(archive, options_, evaluation(split), monitor_, budget_);
    }

    static EvaluationOptions evaluation(Split split) {
        EvaluationOptions options;
        options.split = split;
        options.retrain_every = 2 * kDay;
        options.clock = 40 * kDay;
        options.k = {3, 10};
        options.negatives = 5;
        return options;
    }

    static ReplayOptions replay_options() {
        ReplayOptions options;
        options.learner = &find_learner("item_knn");
        return options;
    }

    Monitor monitor_;
    MemoryBudget budget_{kPlenty};
    ReplayOptions options_ = replay_options();
};

TEST_F(ReplayTest, RanksWhatExistedAndWasNotMet) {
    const auto list = ranked(3, 20 * kDay);
    ASSERT_FALSE(list.empty());
    for (const auto& [id, score] : list) {
        EXPECT_LE(id, 120);
        const bool met = ((id - 100) * 7 + 15) % 11 < 4 && (id - 100) * kDay + kDay / 2 < 20 * kDay;
        EXPECT_FALSE(met) << id;
    }
}

TEST_F(ReplayTest, NothingLaterMovesAScore) {
    constexpr std::int64_t kThen = 20 * kDay;
    const auto before = ranked(3, kThen);
    const auto planted = [&](const More& more) { return ranked(3, kThen, more); };
    EXPECT_EQ(before, planted([](Archive& a) {  // popularity, and the matrix
                  for (std::int64_t user = 50; user < 90; ++user) {
                      a.add_interaction(user, 105, 1, kThen);
                      a.add_interaction(user, 110, 1, kThen + 1);
                  }
              }));
    EXPECT_EQ(before, planted([](Archive& a) { a.add_interaction(3, 118, 1, kThen); }));
    EXPECT_EQ(before, planted([](Archive& a) { a.add_meeting(3, 118, kThen); }));
    EXPECT_EQ(before, planted([](Archive& a) {  // a label, and how rare it is
                  for (std::int64_t s = 100; s < 115; ++s) {
                      a.add_label(s, "topic:1", kThen + 5);
                  }
              }));
    EXPECT_EQ(before, planted([](Archive& a) {  // a link, and one to what does not exist yet
                  for (std::int64_t s = 100; s < 115; ++s) {
                      a.add_link(s, s + 3, "reference", kThen);
                      a.add_link(s, s + 14, "reference", s + 14 > 120 ? 0 : kThen);
                  }
              }));
    EXPECT_EQ(before, planted([this](Archive& a) {  // idf
                  for (std::int64_t s = 500; s < 540; ++s) {
                      add_snippet(a, s, kThen + 1, {{"t0", 1}, {"t4", 2}});
                  }
              }));
}

// The same rows a moment earlier do move it: the test above can fail.
TEST_F(ReplayTest, WhatCameBeforeDoesMoveAScore) {
    constexpr std::int64_t kThen = 20 * kDay;
    const auto before = ranked(3, kThen);
    const auto planted = [&](const More& more) { return ranked(3, kThen, more); };
    EXPECT_NE(before, planted([](Archive& a) {
                  for (std::int64_t user = 50; user < 90; ++user) {
                      a.add_interaction(user, 105, 1, kThen - 1);
                      a.add_interaction(user, 110, 1, kThen - 1);
                  }
              }));
    EXPECT_NE(before, planted([](Archive& a) { a.add_interaction(3, 118, 1, kThen - 1); }));
    EXPECT_NE(before, planted([](Archive& a) { a.add_meeting(3, 118, kThen - 1); }));
    EXPECT_NE(before, planted([](Archive& a) {
                  for (std::int64_t s = 100; s < 115; ++s) {
                      a.add_label(s, "topic:1", kThen - 1);
                  }
              }));
    EXPECT_NE(before, planted([](Archive& a) {
                  for (std::int64_t s = 100; s < 115; ++s) {
                      a.add_link(s, s + 3, "reference", kThen - 1);
                  }
              }));
    EXPECT_NE(before, planted([this](Archive& a) {
                  for (std::int64_t s = 500; s < 540; ++s) {
                      add_snippet(a, s, kThen - 1, {{"t0", 1}, {"t4", 2}});
                  }
              }));
}

// Someone without a history is served by what their colleagues had liked by then.
TEST_F(ReplayTest, NewcomersAreServedByTheirTeamAsOfThen) {
    constexpr std::int64_t kThen = 20 * kDay;
    const auto team = [](Archive& a) {
        for (std::int64_t user : {77, 1, 2}) {
            a.add_user(user, 9);
        }
    };
    const auto alone = ranked(77, kThen);
    const auto with_team = ranked(77, kThen, team);
    EXPECT_NE(alone, with_team);
    EXPECT_EQ(with_team, ranked(77, kThen, [&](Archive& a) {
                  team(a);
                  a.add_interaction(1, 101, 5, kThen);
              }));
    EXPECT_NE(with_team, ranked(77, kThen, [&](Archive& a) {
                  team(a);
                  a.add_interaction(1, 101, 5, kThen - 1);
              }));
    // Who has a history is served by it.
    EXPECT_EQ(ranked(1, kThen), ranked(1, kThen, team));
}

TEST_F(ReplayTest, AReplayDoesNotSeeBehindItsQuestions) {
    const std::vector<Outcome> before = outcomes(Split::kReplay);
    // Far behind the last question. The cut stays where it is: dismissals are not relevant.
    const std::vector<Outcome> after = outcomes(Split::kReplay, [](Archive& a) {
        for (std::int64_t user = 0; user < 60; ++user) {
            a.add_interaction(user + 200, 100 + user % 30, -1, 90 * kDay);
        }
        for (std::int64_t s = 100; s < 130; ++s) {
            a.add_label(s, "tag:late", 90 * kDay);
        }
    });
    ASSERT_EQ(before.size(), after.size());
    ASSERT_GT(before.size(), 10U);
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(before[i].shown, after[i].shown);
        EXPECT_EQ(before[i].ranks, after[i].ranks);
        EXPECT_EQ(before[i].novelty, after[i].novelty);
        EXPECT_EQ(before[i].relevant.size(), 1U);
    }
}

TEST_F(ReplayTest, AQueryCountsInItsOwnQuestionOnly) {
    const std::vector<Outcome> before = outcomes(Split::kReplay);
    Archive archive(budget_, monitor_);
    fill(archive);
    const std::vector<TermWeight> query = {{"t9", 1}};
    const Outcome& asked = before[before.size() / 2];
    const std::int64_t snippet = 100 + asked.relevant[0];
    archive.add_query(asked.user, snippet, asked.moment + 1, query);  // no first meeting
    EXPECT_TRUE(archive.query_of(archive.pairs_of(asked.user).first).empty());
    archive.add_query(asked.user, snippet, asked.moment, query);
    const std::vector<Outcome> after =
        ask_all(archive, options_, evaluation(Split::kReplay), monitor_, budget_);
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(after[i].has_query, i == before.size() / 2);
        if (!after[i].has_query) {
            EXPECT_EQ(before[i].shown, after[i].shown);
        } else {
            EXPECT_NE(before[i].shown, after[i].shown);
        }
    }
}

TEST_F(ReplayTest, EverySplitHoldsOutWhatItSays) {
    for (const Outcome& outcome : outcomes(Split::kLeaveOneOut)) {
        EXPECT_EQ(outcome.relevant.size(), 1U);
        EXPECT_EQ(outcome.ranks.size(), 1U);  // a candidate again
    }
    EXPECT_EQ(outcomes(Split::kLeaveOneOut).size(), 12U);
    for (const Outcome& outcome : outcomes(Split::kSampledNegatives)) {
        EXPECT_EQ(outcome.candidates, 6U);
    }
    const std::vector<Outcome> at_cut = outcomes(Split::kTime);
    for (const Outcome& outcome : at_cut) {
        EXPECT_EQ(outcome.moment, at_cut[0].moment);
        EXPECT_EQ(outcome.ranks.size(), outcome.relevant.size());
    }
    std::size_t held = 0;
    for (const Outcome& outcome : outcomes(Split::kRandom)) {
        held += outcome.relevant.size();
    }
    EXPECT_GT(held, 10U);
    EXPECT_LT(held, 50U);
    for (const Outcome& outcome : outcomes(Split::kPersonTime)) {
        EXPECT_EQ(outcome.relevant.size(), outcome.ranks.size());
    }
}

TEST(CompareAll, PairsByPersonAndCorrectsOverAllRows) {
    const std::vector<std::vector<PersonValues>> compared = {
        {{1, {2, 1}}, {3, {4, 1}}, {4, {6, 1}}, {7, {10, 1}}, {8, {99, 9}}},
        {{1, {1, 1}}, {2, {50, 5}}, {3, {2, 1}}, {4, {3, 1}}, {7, {4, 1}}},
        {{1, {1, 1}}, {3, {2, 1}}, {4, {3, 1}}, {7, {4, 1}}}};
    const std::vector<Comparison> rows = compare_all(compared, {5, 10});
    ASSERT_EQ(rows.size(), 6U);
    EXPECT_EQ(rows[0].people, 4);
    EXPECT_DOUBLE_EQ(rows[0].difference.mean, 3);
    // Equal at k = 10, and the last two equal at both: 1. The smallest of six p values counts six
    // times, its equal five times, and no less than that.
    EXPECT_NEAR(rows[0].adjusted_p, 6 * 0.005478553242547372, 1e-12);
    EXPECT_NEAR(rows[2].adjusted_p, 6 * 0.005478553242547372, 1e-12);
    EXPECT_EQ(rows[1].adjusted_p, 1);
    EXPECT_EQ(rows[4].adjusted_p, 1);
    EXPECT_EQ(rows[5].second, 2U);
}

TEST_F(ReplayTest, ValuesOfPeopleAreMeansOfTheirQuestions) {
    const std::vector<Outcome> asked = outcomes(Split::kReplay);
    const std::vector<PersonValues> values =
        values_of_people(asked, "mrr", evaluation(Split::kReplay));
    for (const PersonValues& person : values) {
        double sum = 0;
        double count = 0;
        for (const Outcome& outcome : asked) {
            if (outcome.user == person.user) {
                sum += outcome.ranks[0] <= 10 ? 1.0 / static_cast<double>(outcome.ranks[0]) : 0;
                ++count;
            }
        }
        EXPECT_DOUBLE_EQ(person.values[1], sum / count);
    }
    EXPECT_THROW(values_of_people(asked, "novelty", evaluation(Split::kReplay)), Error);
}

TEST_F(ReplayTest, NobodyToTestIsAnError) {
    Archive archive(budget_, monitor_);
    archive.finish();
    for (const char* split : {"replay", "time", "leave_one_out", "random"}) {
        EXPECT_THROW(ask_all(archive, options_, evaluation(parse_split(split)), monitor_, budget_),
                     Error)
            << split;
    }
    EXPECT_THROW(parse_split("tomorrow"), Error);
}

TEST_F(ReplayTest, StopsAndRunsOutOfMemoryCleanly) {
    struct Stop : Monitor {
        void poll() override { throw Error(ErrorCode::kCanceled, "stop"); }
    } stop;
    Archive archive(budget_, monitor_);
    fill(archive);
    EXPECT_THROW(ask_all(archive, options_, evaluation(Split::kReplay), stop, budget_), Error);
    MemoryBudget little(2000);
    EXPECT_THROW(ask_all(archive, options_, evaluation(Split::kReplay), monitor_, little), Error);
}

}  // namespace
}  // namespace knowhow
