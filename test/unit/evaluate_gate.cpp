// When changed parameters are refused, and that what chooses them never reads the test's stretch.
#include "engine/evaluate/gate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "engine/learn/learner.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 27;
constexpr std::int64_t kHour = std::int64_t{3600} * 1000000;

std::vector<PersonValues> people(std::size_t count, const std::function<double(std::size_t)>& value) {
    std::vector<PersonValues> result;
    for (std::size_t i = 0; i < count; ++i) {
        result.push_back({static_cast<std::int64_t>(i), {value(i)}});
    }
    return result;
}

// About 0 ± 1/√3 a person, so that the interval of 300 people is ± .065 around the mean.
double spread(std::size_t i) {
    return static_cast<double>(i * 7919 % 300) / 150 - 1;
}

TEST(GateTest, RefusesByTheUpperEndOfTheInterval) {
    const auto older = people(300, [](std::size_t) { return .5; });
    const auto newer = [&](double shift) {
        return people(300, [=](std::size_t i) { return .5 + shift + spread(i); });
    };
    const GateResult clear = judge(newer(-.2), older, 0);
    EXPECT_EQ(clear.verdict, Verdict::kRefused);
    EXPECT_EQ(clear.people, 300);
    EXPECT_NEAR(clear.older, .5, 1e-12);
    EXPECT_NEAR(clear.newer - clear.older, clear.difference.mean, 1e-12);
    EXPECT_LT(clear.difference.high, 0);
    // The same loss within the margin, or within chance, passes.
    EXPECT_EQ(judge(newer(-.2), older, -clear.difference.high - 1e-9).verdict, Verdict::kRefused);
    EXPECT_EQ(judge(newer(-.2), older, -clear.difference.high + 1e-9).verdict, Verdict::kPassed);
    EXPECT_EQ(judge(newer(-.05), older, 0).verdict, Verdict::kPassed);
    EXPECT_EQ(judge(newer(.2), older, 0).verdict, Verdict::kPassed);
    // Nothing changes for anybody: the interval is the point 0.
    EXPECT_EQ(judge(older, older, 0).verdict, Verdict::kPassed);
}

TEST(GateTest, TakesTwoHundredPeople) {
    const auto worse = [](std::size_t) { return 0.0; };
    const auto good = [](std::size_t) { return 1.0; };
    EXPECT_EQ(judge(people(199, worse), people(199, good), 0).verdict, Verdict::kNotEnoughEvidence);
    EXPECT_EQ(judge(people(200, worse), people(200, good), 0).verdict, Verdict::kRefused);
    EXPECT_EQ(judge({}, {}, 0).verdict, Verdict::kNotEnoughEvidence);
}

// 260 people of 5 subjects, who meet 8 snippets of 10 each, two hours apart.
class StretchTest : public ::testing::Test {
  protected:
    static constexpr std::int64_t kPeople = 260;
    static constexpr std::int64_t kSnippets = 50;
    using Shown = std::function<std::int64_t(std::int64_t user, std::int64_t snippet, std::int64_t at)>;

    // What is met, at what time; `shown` may put another snippet in its place, or none (-1).
    void fill(Archive& archive, const Shown& shown = nullptr) {
        for (std::int64_t s = 0; s < kSnippets; ++s) {
            ArchivedSnippet snippet;
            snippet.id = s;
            archive.add_snippet(snippet, {});
        }
        for (std::int64_t user = 0; user < kPeople; ++user) {
            for (std::int64_t step = 0; step < 8; ++step) {
                const std::int64_t s = (user + step) % 10 * 5 + user % 5;
                const std::int64_t at = step * kPeople * kHour + user * 37 % kPeople * kHour;
                const std::int64_t met = shown ? shown(user, s, at) : s;
                if (met >= 0) {
                    archive.add_interaction(user, met, 1, at);
                }
            }
        }
        archive.finish();
    }

    static ReplayOptions learner(double max_user_items = 20000) {
        ReplayOptions options;
        options.learner = &find_learner("item_knn");
        options.learner_parameters = {{"max_user_items", max_user_items}};
        return options;
    }

    static EvaluationOptions evaluation() {
        EvaluationOptions options;
        options.retrain_every = kLater;
        options.k = {10};
        return options;
    }

    Monitor monitor_;
    MemoryBudget budget_{kPlenty};
};

TEST_F(StretchTest, GateRefusesWhatForgetsEverybody) {
    Archive archive(budget_, monitor_);
    fill(archive);
    const ReplayOptions good = learner();
    const ReplayOptions bad = learner(2);
    const GateResult worse =
        run_gate(archive, bad, good, evaluation(), "ndcg", 0, monitor_, budget_);
    EXPECT_EQ(worse.verdict, Verdict::kRefused);
    EXPECT_GE(worse.people, kGatePeople);
    const GateResult better =
        run_gate(archive, good, bad, evaluation(), "ndcg", 0, monitor_, budget_);
    EXPECT_EQ(better.verdict, Verdict::kPassed);
    EXPECT_DOUBLE_EQ(better.difference.mean, -worse.difference.mean);
    EXPECT_EQ(run_gate(archive, bad, good, evaluation(), "ndcg", 1, monitor_, budget_).verdict,
              Verdict::kPassed);
}

TEST_F(StretchTest, GateFitsNothingForFewPeople) {
    class Counting : public Monitor {
      public:
        void progress(std::int64_t, std::int64_t) override { ++calls; }
        int calls = 0;
    };
    Archive archive(budget_, monitor_);
    fill(archive);
    EvaluationOptions options = evaluation();
    options.most_questions = 150;
    Counting counting;
    const ReplayOptions good = learner();
    const GateResult result =
        run_gate(archive, good, good, options, "ndcg", 0, counting, budget_);
    EXPECT_EQ(result.verdict, Verdict::kNotEnoughEvidence);
    EXPECT_LE(result.people, 150);
    EXPECT_EQ(result.questions, 150);
    EXPECT_EQ(counting.calls, 0);
}

TEST_F(StretchTest, StretchesAreDisjointAndInOrder) {
    Archive archive(budget_, monitor_);
    fill(archive);
    EvaluationOptions options = evaluation();
    const Stretch test = stretch_of(archive, options);
    options.validation_share = .25;
    const Stretch validation = stretch_of(archive, options);
    const auto all = static_cast<double>(kPeople) * 8;
    EXPECT_NEAR(static_cast<double>(test.pairs.size()), .2 * all, 1);
    EXPECT_NEAR(static_cast<double>(validation.pairs.size()), .25 * .8 * all, 1);
    EXPECT_LT(validation.cut, test.cut);
    for (const std::size_t pair : validation.pairs) {
        EXPECT_GE(archive.pairs()[pair].first_at, validation.cut);
        EXPECT_LT(archive.pairs()[pair].first_at, test.cut);
    }
    // A sample is part of it, in its order, and another with another seed.
    options.most_questions = 100;
    const Stretch sample = stretch_of(archive, options);
    EXPECT_EQ(sample.cut, validation.cut);
    EXPECT_EQ(sample.pairs.size(), 100);
    auto at = validation.pairs.begin();
    for (const std::size_t pair : sample.pairs) {
        at = std::find(at, validation.pairs.end(), pair);
        ASSERT_NE(at, validation.pairs.end());
    }
    options.seed = 1;
    EXPECT_NE(stretch_of(archive, options).pairs, sample.pairs);
}

TEST_F(StretchTest, ValidationNeverReadsTheTest) {
    EvaluationOptions options = evaluation();
    options.validation_share = .25;
    const ReplayOptions good = learner();
    const auto ranks = [&](const Shown& shown) {
        Archive archive(budget_, monitor_);
        fill(archive, shown);
        std::vector<std::vector<std::size_t>> result;
        for (const Outcome& outcome : ask_all(archive, good, options, monitor_, budget_)) {
            result.push_back(outcome.ranks);
        }
        return result;
    };
    std::int64_t cut = 0;
    {
        Archive archive(budget_, monitor_);
        fill(archive);
        cut = stretch_of(archive, evaluation()).cut;
    }
    const auto plain = ranks(nullptr);
    ASSERT_GT(plain.size(), 200);
    // Everybody meets another subject in the test's stretch, at the same times.
    EXPECT_EQ(plain, ranks([&](std::int64_t, std::int64_t s, std::int64_t at) {
                  return at >= cut ? (s + 1) % kSnippets : s;
              }));
    // The same in the stretch that is fitted moves what validation sees.
    EXPECT_NE(plain, ranks([&](std::int64_t, std::int64_t s, std::int64_t at) {
                  return at < cut / 4 ? (s + 1) % kSnippets : s;
              }));
}

TEST_F(StretchTest, WithoutTimesNothingIsAsked) {
    Archive archive(budget_, monitor_);
    ArchivedSnippet snippet;
    snippet.id = 1;
    archive.add_snippet(snippet, {});
    archive.add_interaction(1, 1, 1, kAlways);
    archive.finish();
    EvaluationOptions options = evaluation();
    EXPECT_TRUE(stretch_of(archive, options).pairs.empty());
    options.validation_share = .5;
    EXPECT_TRUE(stretch_of(archive, options).pairs.empty());
    const ReplayOptions good = learner();
    EXPECT_EQ(run_gate(archive, good, good, options, "ndcg", 0, monitor_, budget_).verdict,
              Verdict::kNotEnoughEvidence);
}

}  // namespace
}  // namespace knowhow
