// Positions are added up as a map would add them up, to the bit.
#include "engine/rank/position_sums.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace knowhow {
namespace {

TEST(PositionSums, EqualThoseOfAMapInTheOrderOfArrival) {
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
        std::map<std::int32_t, double> expected;
        for (std::size_t i = 0; i < shape.adds; ++i) {
            const auto position = static_cast<std::int32_t>(random() % shape.positions * shape.apart);
            const double value = (static_cast<double>(random() % 2000) - 700) / 7;
            sums.add(position, value);
            expected[position] += value;
        }
        sums.add_up();
        ASSERT_EQ(sums.all().size(), expected.size());
        auto each = expected.begin();
        for (const PositionScore& score : sums.all()) {
            ASSERT_EQ(score.position, each->first);
            ASSERT_EQ(score.score, each->second) << "at " << score.position;
            ++each;
        }
        for (std::int32_t position : {0, 1, 699, 2047, 2147483100}) {
            const auto found = expected.find(position);
            EXPECT_EQ(sums.sum(position), found == expected.end() ? 0 : found->second);
        }
        EXPECT_EQ(sums.sum(-1), 0);
    }
}

}  // namespace
}  // namespace knowhow
