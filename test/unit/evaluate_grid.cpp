// Every combination, once.
#include "engine/evaluate/grid.hpp"

#include <gtest/gtest.h>

#include <set>

namespace knowhow {
namespace {

ParameterValues defaults(const Learner& learner) {
    ParameterValues values;
    for (const Parameter& parameter : learner.parameters()) {
        values.emplace_back(parameter.name, parameter.default_value);
    }
    return values;
}

TEST(GridTest, HoldsEveryCombinationOnceAndNotThePresentOne) {
    for (const Learner* learner : learners()) {
        std::size_t combinations = 1;
        bool has_present = true;
        for (const Parameter& parameter : learner->parameters()) {
            combinations *= parameter.grid.empty() ? 1 : parameter.grid.size();
            bool has_default = parameter.grid.empty();
            for (const double value : parameter.grid) {
                has_default |= value == parameter.default_value;
            }
            has_present &= has_default;
        }
        const ParameterValues present = defaults(*learner);
        const std::vector<ParameterValues> grid = grid_around(*learner, present);
        EXPECT_EQ(grid.size(), combinations - (has_present ? 1 : 0)) << learner->name();
        const std::set<ParameterValues> distinct(grid.begin(), grid.end());
        EXPECT_EQ(distinct.size(), grid.size()) << learner->name();
        EXPECT_EQ(distinct.count(present), 0U) << learner->name();
        for (const ParameterValues& values : grid) {
            // The learner takes them: each is named, and in its range.
            EXPECT_NO_THROW(Parameters(learner->parameters(), values)) << learner->name();
        }
    }
}

TEST(GridTest, KeepsWhatHasNoGridAndChangesTheLastFastest) {
    const Learner& slim = find_learner("slim");
    ParameterValues present = defaults(slim);
    ASSERT_EQ(present[0].first, "candidates");
    present[0].second = 7;
    const std::vector<ParameterValues> grid = grid_around(slim, present);
    ASSERT_GT(grid.size(), 2U);
    for (const ParameterValues& values : grid) {
        EXPECT_EQ(values[0].second, 7);
    }
    EXPECT_EQ(grid[0][1], grid[1][1]);  // ridge
    EXPECT_NE(grid[0][2], grid[1][2]);  // user_activity
    EXPECT_NE(grid[0][1], grid[2][1]);
}

}  // namespace
}  // namespace knowhow
