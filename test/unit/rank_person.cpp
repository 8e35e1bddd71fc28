// The personal signals against their formulas, written out over dense maps.
#include "engine/rank/person.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>

namespace knowhow {
namespace {

using Bag = std::map<std::string, double>;

// A stored vector and its bytes.
struct Stored {
    explicit Stored(const Bag& bag) {
        std::vector<TermWeight> terms;
        for (const auto& [term, weight] : bag) {
            terms.push_back({term, weight});
        }
        bytes.resize(encoded_size(terms));
        encode(terms, bytes.data());
    }
    VectorView view() const { return {bytes.data(), bytes.size()}; }
    std::string bytes;
};

double norm(const Bag& bag) {
    double squares = 0;
    for (const auto& [term, weight] : bag) {
        float const stored = static_cast<float>(weight);
        squares += static_cast<double>(stored) * stored;
    }
    return std::sqrt(squares);
}

TEST(Person, ForgetsWhatTheCallerMayNotRead) {
    Monitor monitor;
    Person person(monitor);
    person.add(1, 1);
    person.add(2, 1);
    person.describe(2, "two", VectorView());
    person.keep_readable();
    ASSERT_EQ(person.items().size(), 1u);
    EXPECT_EQ(person.items()[0].id, 2);
    EXPECT_FALSE(person.contains(1));
}

TEST(Person, IgnoresWeightsThatSayNothing) {
    Monitor monitor;
    Person person(monitor);
    person.add(1, 0);
    person.add(2, std::nan(""));
    person.add(3, INFINITY);
    EXPECT_TRUE(person.empty());
}

TEST(Person, ProfileIsTheScaledSumOfWhatWasLiked) {
    std::mt19937 random(7);
    std::uniform_real_distribution<double> uniform(0.1, 2);
    std::vector<Bag> bags(6);
    std::map<std::string, double> idf;
    for (Bag& bag : bags) {
        for (int i = 0; i < 12; ++i) {
            std::string const term = "t" + std::to_string(random() % 30);
            bag[term] = static_cast<float>(uniform(random));
            idf[term] = uniform(random) + 0.5;
        }
    }
    std::vector<Stored> stored;
    stored.reserve(bags.size());
    Monitor monitor;
    Person person(monitor);
    std::map<std::string, double> expected;
    for (std::size_t i = 0; i < bags.size(); ++i) {
        stored.emplace_back(bags[i]);
        double const weight = i == 5 ? -0.5 : 1.0 + static_cast<double>(i);
        person.add(static_cast<std::int64_t>(i), weight);
        person.describe(static_cast<std::int64_t>(i), "", stored[i].view());
        for (const auto& [term, value] : bags[i]) {
            expected[term] += weight * value / std::sqrt(norm(bags[i]));
        }
    }
    person.keep_readable();
    std::size_t asked = 0;
    auto const build_profile = [&](std::size_t strongest) {
        auto const idf_of = [&](const std::vector<std::string_view>& terms) {
            EXPECT_TRUE(std::ranges::is_sorted(terms));
            std::vector<double> idfs;
            for (std::string_view term : terms) {
                idfs.push_back(idf.at(std::string(term)));
            }
            asked += terms.size();
            return idfs;
        };
        person.set_term_idf(idf_of(person.collect_terms(strongest)));
        person.set_term_idf(idf_of(person.collect_more_terms(2.5)));
        person.build_profile();
    };
    build_profile(1000);
    std::size_t positive = 0;
    for (const auto& [term, value] : expected) {
        positive += value > 0;
    }
    ASSERT_EQ(person.profile().size(), positive);
    for (const TermWeight& term : person.profile()) {
        std::string const name(term.term);
        EXPECT_NEAR(term.weight, expected.at(name) * idf.at(name) * idf.at(name), 1e-9);
    }

    double product = 0;
    for (const TermWeight& term : person.profile()) {
        auto found = bags[0].find(std::string(term.term));
        product += found == bags[0].end() ? 0 : term.weight * found->second;
    }
    EXPECT_NEAR(person.profile_score(stored[0].view()), product / std::sqrt(norm(bags[0])), 1e-9);

    // The strongest are found without the idf of them all.
    asked = 0;
    build_profile(3);
    EXPECT_LT(asked, positive);
    std::vector<double> strengths;
    for (const auto& [term, value] : expected) {
        strengths.push_back(value * idf.at(term) * idf.at(term));
    }
    std::sort(strengths.rbegin(), strengths.rend());
    for (std::size_t strongest = 1; strongest <= positive; ++strongest) {
        build_profile(strongest);
        ASSERT_EQ(person.profile().size(), strongest);
        for (const TermWeight& term : person.profile()) {
            EXPECT_GE(term.weight, strengths[strongest - 1] - 1e-9);
        }
    }

    // Those of the profile that are searched by, in the same order.
    for (std::size_t most = 0; most <= positive + 1; ++most) {
        const std::vector<TermWeight> best = person.strongest_of_profile(most);
        ASSERT_EQ(best.size(), std::min(most, positive));
        EXPECT_TRUE(std::ranges::is_sorted(best, {}, &TermWeight::term));
        for (const TermWeight& term : best) {
            EXPECT_GE(term.weight, strengths[best.size() - 1] - 1e-9);
        }
    }
}

TEST(Person, PositionsAddUpOverTheHistoryAndSurviveDamagedRows) {
    const std::vector<std::int32_t> first = {1, 2, -7};
    const std::vector<float> first_weights = {0.5f, 0.25f, 1.0f};
    const std::vector<std::int32_t> second = {2, 3};
    const std::vector<float> second_weights = {0.25f, INFINITY};
    Monitor monitor;
    Person person(monitor);
    person.add(10, 2);
    person.add(20, 1);
    person.describe(10, "ten", VectorView());
    person.describe(20, "twenty", VectorView());
    person.add_row(10, 2, first, first_weights);
    person.add_row(20, 5, second, second_weights);
    person.keep_readable();
    person.add_up_positions();
    const std::span<const PositionScore> scores = person.best_positions(10);
    ASSERT_EQ(scores.size(), 2u);
    EXPECT_EQ(scores[0].position, 1);
    EXPECT_DOUBLE_EQ(scores[0].score, 1.0);
    EXPECT_EQ(scores[1].position, 2);
    EXPECT_DOUBLE_EQ(scores[1].score, 0.75);
    EXPECT_DOUBLE_EQ(person.largest_position_score(), 0.75);
    auto reasons = person.reasons(2, 5);
    ASSERT_EQ(reasons.size(), 2u);
    EXPECT_EQ(reasons[0].first->id, 10);
    EXPECT_DOUBLE_EQ(reasons[0].second + reasons[1].second, 0.75);
}

TEST(Person, BestPositionsAreThoseOfAWholeSort) {
    // 60 rows of 100 targets over 3,000 positions, few distinct weights: many sums are equal.
    std::mt19937 random(7);
    std::vector<std::vector<std::int32_t>> targets(60);
    std::vector<std::vector<float>> weights(60);
    Monitor monitor;
    Person person(monitor);
    std::map<std::int32_t, double> sums;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        std::int64_t const id = static_cast<std::int64_t>(i) + 1;
        double const weight = static_cast<double>(1 + i % 3) / 3;
        person.add(id, weight);
        person.describe(id, "", VectorView());
        for (int t = 0; t < 100; ++t) {
            targets[i].push_back(
                static_cast<std::int32_t>(std::uint64_t{random() % 3000} * 1000003 % 2147483629));
            weights[i].push_back(static_cast<float>(static_cast<int>(random() % 9) - 3) / 7);
            sums[targets[i].back()] += weight * static_cast<double>(weights[i].back());
        }
        person.add_row(id, 0, targets[i], weights[i]);
    }
    person.keep_readable();
    std::vector<std::pair<double, std::int32_t>> expected;
    for (auto [position, sum] : sums) {
        if (sum > 0) {
            expected.emplace_back(-sum, position);
        }
    }
    ASSERT_LT(expected.size(), sums.size());
    std::sort(expected.begin(), expected.end());
    // Asked for in one go, and a few more each time; all of them at last, and again less.
    for (std::size_t step : {expected.size() + 1, std::size_t{13}, std::size_t{500}}) {
        person.add_up_positions();
        ASSERT_EQ(person.liked_positions(), expected.size());
        for (std::size_t most = step; most < expected.size() + 2 * step; most += step) {
            std::span<const PositionScore> const best = person.best_positions(most);
            ASSERT_EQ(best.size(), std::min(most, expected.size()));
            for (std::size_t i = 0; i < best.size(); ++i) {
                ASSERT_EQ(best[i].position, expected[i].second) << i << " of " << most;
                ASSERT_EQ(best[i].score, -expected[i].first);
            }
        }
        EXPECT_EQ(person.best_positions(3).size(), 3u);
        EXPECT_EQ(person.best_positions(0).size(), 0u);
    }
    for (auto [position, sum] : sums) {
        ASSERT_EQ(person.position_score(position), sum);
    }
    EXPECT_EQ(person.position_score(-1), 0);
    EXPECT_EQ(person.position_score(2147483647), 0);
}

TEST(Person, LabelsScoreByAffinityOverTheSquareRootOfLength) {
    Monitor monitor;
    Person person(monitor);
    person.add(1, 1);
    person.add(2, 0.5);
    person.describe(1, "", VectorView());
    person.describe(2, "", VectorView());
    person.keep_readable();
    person.add_label(1, "tag:a");
    person.add_label(1, "topic:b");
    person.add_label(2, "tag:a");
    ASSERT_EQ(person.collect_labels().size(), 2u);
    const std::vector<double> idf = {2, 3};   // tag:a, topic:b
    person.build_labels(idf);
    double const scale_1 = 1 / std::sqrt(std::sqrt(4.0 + 9.0));
    double const scale_2 = 1 / std::sqrt(2.0);
    double const a = 2 * scale_1 + 0.5 * 2 * scale_2;
    double const b = 3 * scale_1;
    EXPECT_NEAR(person.label_affinity("tag:a"), a, 1e-12);
    EXPECT_NEAR(person.label_affinity("topic:b"), b, 1e-12);
    EXPECT_EQ(person.label_affinity("tag:z"), 0);
    const std::vector<double> affinities = {person.label_affinity("tag:a"),
                                            person.label_affinity("tag:z")};
    const std::vector<double> candidate_idf = {2, 5};
    EXPECT_NEAR(label_score(affinities, candidate_idf), a * 2 / std::sqrt(std::sqrt(29.0)), 1e-12);
    EXPECT_NEAR(person.largest_label_score(),
                std::max((a * 2 + b * 3) * scale_1, a * 2 * scale_2), 1e-12);
}

}  // namespace
}  // namespace knowhow
