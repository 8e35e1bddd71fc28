// Positions are added up as they are after a stable sort, to the bit.
#include "engine/rank/position_sums.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace knowhow {
namespace {

TEST(PositionSums, AreAddedUpInTheOrderOfArrival) {
    struct Shape {
        std::size_t adds;
        std::uint32_t positions;
        std::uint32_t apart;
    };
    Monitor monitor;
    PositionSums sums(monitor);
    std::mt19937 random(3);
    // The last two are more than are kept before they are added up, with few and with many positions.
    for (const Shape& shape : {Shape{0, 1, 1}, Shape{1, 1, 1}, Shape{5000, 1, 1}, Shape{5000, 2048, 1},
                               Shape{5000, 700, 3067833}, Shape{2500000, 1000, 1},
                               Shape{2500000, 2000000, 1000}}) {
        sums.start(shape.adds);
        std::vector<PositionScore> all;
        for (std::size_t i = 0; i < shape.adds; ++i) {
            const auto position = static_cast<std::int32_t>(random() % shape.positions * shape.apart);
            all.push_back({position, (static_cast<double>(random() % 2000) - 700) / 7});
            sums.add(position, all.back().score);
        }
        sums.add_up();
        std::stable_sort(all.begin(), all.end(), [](const PositionScore& left, const PositionScore& right) {
            return left.position < right.position;
        });
        std::vector<PositionScore> expected;
        for (const PositionScore& each : all) {
            if (!expected.empty() && expected.back().position == each.position) {
                expected.back().score += each.score;
            } else {
                expected.push_back(each);
            }
        }
        ASSERT_EQ(sums.all().size(), expected.size());
        std::size_t different = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            different += sums.all()[i].position != expected[i].position ||
                         sums.all()[i].score != expected[i].score;
        }
        EXPECT_EQ(different, 0u);
        for (std::int32_t position : {0, 1, 699, 2047, 2147483100}) {
            const auto found = std::ranges::find(expected, position, &PositionScore::position);
            EXPECT_EQ(sums.sum(position), found == expected.end() ? 0 : found->score);
        }
        EXPECT_EQ(sums.sum(-1), 0);
    }
}

}  // namespace
}  // namespace knowhow
