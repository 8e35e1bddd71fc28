// Weights of signals: found where the history shows them, left alone where it does not.
#include "engine/evaluate/weights.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "engine/base/error.hpp"
#include "engine/learn/learner.hpp"
#include "engine/rank/signal_weights.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 28;
constexpr std::int64_t kHour = std::int64_t{3600} * 1000000;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kSnippets = 100;
constexpr std::int64_t kEnd = kSnippets * kDay;

// What a person reads, and when: (snippet, moment).
using Taste = std::function<std::pair<std::int64_t, std::int64_t>(std::int64_t user,
                                                                  std::mt19937& random)>;

std::int64_t below(std::int64_t bound, std::mt19937& random) {
    return static_cast<std::int64_t>(random()) % bound;
}

// A snippet of the last three days.
std::pair<std::int64_t, std::int64_t> what_is_new(std::int64_t, std::mt19937& random) {
    const std::int64_t moment = 5 * kDay + below(95 * 24, random) * kHour;
    return {moment / kDay - below(3, random), moment};
}

std::pair<std::int64_t, std::int64_t> anything(std::int64_t, std::mt19937& random) {
    const std::int64_t moment = 5 * kDay + below(95 * 24, random) * kHour;
    return {below(moment / kDay, random), moment};
}

class WeightsTest : public ::testing::Test {
  protected:
    void fill(Archive& archive, const Taste& taste, std::int64_t people = 300,
              bool with_times = true) {
        for (std::int64_t s = 0; s < kSnippets; ++s) {
            ArchivedSnippet snippet;
            snippet.id = s;
            snippet.created_at = with_times ? s * kDay : kAlways;
            archive.add_snippet(snippet, {});
            archive.add_label(s, "topic:" + std::to_string(s % 5), kAlways);
        }
        std::mt19937 random(7);
        for (std::int64_t user = 0; user < people; ++user) {
            for (int n = 0; n < 8; ++n) {
                const auto [snippet, moment] = taste(user, random);
                archive.add_interaction(user, snippet, 1, with_times ? moment : kAlways);
            }
        }
    }

    FoundWeights find(const Archive& archive, std::int64_t moment = kLater) {
        return find_weights(archive, options_, {}, moment, kEnd, monitor_, budget_);
    }

    FoundWeights find(const Taste& taste, std::int64_t people = 300, bool with_times = true) {
        Archive archive(budget_, monitor_);
        fill(archive, taste, people, with_times);
        archive.finish();
        return find(archive);
    }

    static ReplayOptions replay_options() {
        ReplayOptions options;
        options.learner = &find_learner("item_knn");
        options.seek_weights = true;
        return options;
    }

    // The bit of a weight in ReplayOptions::fixed_weights.
    static std::uint32_t bit(std::string_view parameter) {
        std::uint32_t mask = 1;
        for (const SignalWeight& weight : signal_weights()) {
            if (weight.parameter == parameter) {
                return mask;
            }
            mask <<= 1;
        }
        ADD_FAILURE() << parameter;
        return 0;
    }

    Monitor monitor_;
    MemoryBudget budget_{kPlenty};
    ReplayOptions options_ = replay_options();
};

TEST_F(WeightsTest, FreshnessIsFoundWherePeopleReadWhatIsNew) {
    const FoundWeights found = find(what_is_new);
    EXPECT_TRUE(found.better);
    EXPECT_GE(found.people, 50);
    EXPECT_LT(found.before, 0.2);
    EXPECT_GT(found.after, found.before + 0.3);
    EXPECT_GT(found.low, 0);
    EXPECT_LT(found.low, found.after - found.before);
    EXPECT_GT(found.high, found.after - found.before);
    EXPECT_GT(found.ranking.fusion.freshness_weight, 1e-3);
    // Nothing else of the options is touched.
    EXPECT_EQ(found.ranking.fusion.text_weight, options_.ranking.fusion.text_weight);
}

TEST_F(WeightsTest, ChanceFindsNothing) {
    const FoundWeights found = find(anything);
    EXPECT_FALSE(found.better);
    EXPECT_GE(found.people, 50);
    RankingOptions same = found.ranking;
    RankingOptions given = options_.ranking;
    for (const SignalWeight& weight : signal_weights()) {
        EXPECT_EQ(weight.of(same), weight.of(given)) << weight.parameter;
    }
}

TEST_F(WeightsTest, WhatIsFoundIsWhatTheReplayThenRanksBy) {
    Archive archive(budget_, monitor_);
    fill(archive, what_is_new);
    archive.finish();
    Replay replay(archive, options_, {}, monitor_, budget_);
    replay.train(kLater, kEnd);
    Question question;
    question.user = 1;
    question.clock = kEnd;
    replay.rank_without_query_by(find(archive).ranking);
    EXPECT_GE(replay.rank(question)[0].id, kSnippets - 8);  // not the ones that were read
    const std::vector<TermWeight> query = {{"word", 1}};
    // Who asks for something gets the weights that were given.
    Replay given(archive, options_, {}, monitor_, budget_);
    given.train(kLater, kEnd);
    question.query = query;
    const std::vector<Scored> asked = replay.rank(question);
    const std::vector<Scored> as_given = given.rank(question);
    ASSERT_EQ(asked.size(), as_given.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
        EXPECT_EQ(asked[i].id, as_given[i].id);
        EXPECT_EQ(asked[i].score, as_given[i].score);
    }
}

TEST_F(WeightsTest, AWeightOfTheUsersStays) {
    options_.fixed_weights = bit("freshness_weight") | bit("freshness_half_life");
    options_.ranking.fusion.freshness_weight = 0;
    const FoundWeights found = find(what_is_new);
    EXPECT_EQ(found.ranking.fusion.freshness_weight, 0);
    EXPECT_EQ(found.ranking.freshness_half_life, kFreshnessHalfLife);
    options_ = replay_options();
    options_.fixed_weights = bit("freshness_half_life");
    options_.ranking.freshness_half_life = 2;
    const FoundWeights with_half_life = find(what_is_new);
    EXPECT_TRUE(with_half_life.better);
    EXPECT_EQ(with_half_life.ranking.freshness_half_life, 2);
    EXPECT_GT(with_half_life.ranking.fusion.freshness_weight, 1e-3);
}

TEST_F(WeightsTest, TooFewPeopleAreNoEvidence) {
    for (const std::int64_t people : {0, 1, 99}) {
        const FoundWeights found = find(what_is_new, people);
        EXPECT_EQ(found.people, 0);
        EXPECT_FALSE(found.better);
    }
}

TEST_F(WeightsTest, WithoutTimesAPartOfWhatPeopleHaveIsHeldOut) {
    // People read one subject of five: labels and the matrix tell.
    const Taste subject = [](std::int64_t user, std::mt19937& random) {
        return std::pair{5 * below(kSnippets / 5, random) + user % 5, std::int64_t{0}};
    };
    options_.ranking.labels = 0;
    options_.ranking.collaborative = 0;
    options_.ranking.fusion.popularity_weight = 1;
    const FoundWeights found = find(subject, 300, false);
    EXPECT_TRUE(found.better);
    EXPECT_GT(found.ranking.labels + found.ranking.collaborative, 0);
    // All at one moment is no order in time either.
    const FoundWeights at_once = find([&](std::int64_t user, std::mt19937& random) {
        return std::pair{subject(user, random).first, kEnd};
    });
    EXPECT_TRUE(at_once.better);
}

TEST_F(WeightsTest, NothingLaterMovesThem) {
    const auto found_at = [&](std::int64_t moment, const std::function<void(Archive&)>& more) {
        Archive archive(budget_, monitor_);
        fill(archive, what_is_new);
        more(archive);
        archive.finish();
        return find(archive, moment);
    };
    constexpr std::int64_t kThen = 80 * kDay;
    const auto nothing = [](Archive&) {};
    const auto dislikes = [](std::int64_t moment) {
        return [moment](Archive& archive) {
            for (std::int64_t user = 0; user < 300; ++user) {
                for (std::int64_t s = 60; s < 90; ++s) {
                    archive.add_interaction(user, s, -5, moment);
                    archive.add_interaction(user, s - 60, 9, moment);
                }
            }
        };
    };
    const FoundWeights before = found_at(kThen, nothing);
    const FoundWeights later = found_at(kThen, dislikes(kThen));
    EXPECT_TRUE(before.better);
    EXPECT_EQ(before.after, later.after);
    EXPECT_EQ(before.before, later.before);
    RankingOptions left = before.ranking;
    RankingOptions right = later.ranking;
    for (const SignalWeight& weight : signal_weights()) {
        EXPECT_EQ(weight.of(left), weight.of(right)) << weight.parameter;
    }
    const FoundWeights earlier = found_at(kThen, dislikes(kThen - 1));
    EXPECT_NE(before.after, earlier.after);
}

TEST_F(WeightsTest, TheSameForEveryNumberOfThreadsAndWithoutALearner) {
    const FoundWeights one = find(what_is_new);
    options_.fit.threads = 3;
    const FoundWeights three = find(what_is_new);
    EXPECT_EQ(one.after, three.after);
    EXPECT_EQ(one.low, three.low);
    options_.learner = nullptr;
    EXPECT_TRUE(find(what_is_new).better);
}

TEST_F(WeightsTest, StopsAndRunsOutOfMemoryCleanly) {
    struct Stop : Monitor {
        void poll() override { throw Error(ErrorCode::kCanceled, "stop"); }
    } stop;
    Archive archive(budget_, monitor_);
    fill(archive, what_is_new);
    archive.finish();
    EXPECT_THROW(find_weights(archive, options_, {}, kLater, kEnd, stop, budget_), Error);
    MemoryBudget little(2000);
    EXPECT_THROW(find_weights(archive, options_, {}, kLater, kEnd, monitor_, little), Error);
}

}  // namespace
}  // namespace knowhow
