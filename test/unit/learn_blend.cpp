#include "engine/learn/blend.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "engine/learn/learner.hpp"
#include "engine/learn/likes.hpp"
#include "learn_support.hpp"

namespace knowhow {
namespace {

using Given = std::vector<std::pair<std::string, double>>;
using Dense = std::vector<std::vector<double>>;

constexpr std::int32_t kItems = 60;

ItemItem fit(const char* name, const Interactions& data, const Given& given, std::int32_t targets,
             MemoryBudget& budget) {
    const Learner& learner = find_learner(name);
    Monitor monitor;
    return learner.fit(data, Parameters(learner.parameters(), given),
                       {.targets = targets, .threads = 2, .seed = 7}, monitor, budget);
}

Dense dense(const ItemItem& model) {
    Dense result(kItems, std::vector<double>(kItems, 0.0));
    for (std::int32_t item = 0; item < kItems; ++item) {
        for (const Target& target : model.row(item)) {
            result[item][target.position] = static_cast<double>(target.weight);
        }
    }
    return result;
}

double norm(const Dense& model, const Likes& likes) {
    double squares = 0;
    double weights = 0;
    for (std::int32_t i = 0; i < kItems; ++i) {
        weights += likes.squares()[i];
        for (const double weight : model[i]) {
            squares += likes.squares()[i] * weight * weight;
        }
    }
    return std::sqrt(squares / weights);
}

TEST(Blend, IsTheMeanOfBothMatricesByTheirNorms) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    const Interactions data =
        test::build(test::random_ratings(41, 150, kItems, 0.15, true), budget);
    ASSERT_EQ(data.item_count(), kItems);
    const Likes likes(data, 0, 20000, monitor, budget);
    const Given of_slim = {{"ridge", 3}, {"candidates", 15}, {"user_activity", 0.5}};
    const Given of_ials = {{"factors", 8}, {"iterations", 3}, {"penalty", 0.05}};
    const Dense slim = dense(fit("slim", data, of_slim, kItems, budget));
    const Dense ials = dense(fit("ials", data, of_ials, kItems, budget));
    for (const double share : {0.0, 0.4, 1.0}) {
        Given both = of_slim;
        both.insert(both.end(), of_ials.begin(), of_ials.end());
        both.emplace_back("ials_share", share);
        const Dense blend = dense(fit("blend", data, both, kItems, budget));
        for (std::int32_t i = 0; i < kItems; ++i) {
            for (std::int32_t j = 0; j < kItems; ++j) {
                EXPECT_NEAR(blend[i][j],
                            share * ials[i][j] / norm(ials, likes) +
                                (1 - share) * slim[i][j] / norm(slim, likes),
                            1e-6);
            }
        }
        // Cut is the sum of all of ials and of what slim stores.
        const Dense slim_of_few = dense(fit("slim", data, of_slim, 5, budget));
        const ItemItem few = fit("blend", data, both, 5, budget);
        for (std::int32_t i = 0; i < kItems; ++i) {
            std::vector<double> left;
            for (std::int32_t j = 0; j < kItems; ++j) {
                left.push_back(share * ials[i][j] / norm(ials, likes) +
                               (1 - share) * slim_of_few[i][j] / norm(slim_of_few, likes));
            }
            double least = 0;
            for (const Target& target : few.row(i)) {
                EXPECT_NEAR(static_cast<double>(target.weight), left[target.position], 1e-6);
                left[target.position] = 0;
                least = std::abs(static_cast<double>(target.weight));  // strongest first
            }
            for (const double weight : left) {
                EXPECT_LE(std::abs(weight), least + 1e-6);
            }
        }
    }
}

TEST(Blend, TakesTheParametersOfBothOnce) {
    const Learner& blend = find_learner("blend");
    const Parameters defaults(blend.parameters(), {});
    for (const char* name : {"slim", "ials"}) {
        for (const Parameter& parameter : find_learner(name).parameters()) {
            EXPECT_EQ(defaults[parameter.name], parameter.default_value);
        }
    }
    EXPECT_EQ(blend.parameters().size(), find_learner("slim").parameters().size() +
                                             find_learner("ials").parameters().size());
}

}  // namespace
}  // namespace knowhow
