// Sums looked through several at a time, compared with one after the other.
#include "engine/search/sums.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace knowhow::search {
namespace {

TEST(IndexSums, AgreeWithOneAfterTheOther) {
    std::mt19937 random(11);
    std::uniform_real_distribution<float> value(-1, 3);
    for (int round = 0; round < 200; ++round) {
        const std::size_t strips = random() % 9;
        std::vector<float> sums(strips * kSumsAtOnce);
        std::vector<float> factors(sums.size());
        for (std::size_t i = 0; i < sums.size(); ++i) {
            sums[i] = random() % 4 == 0 ? 0 : value(random);
            factors[i] = value(random);
        }
        const float bound = value(random);
        // Now and then one of the sums gets there exactly.
        const float cut =
            sums.empty() || round % 2 == 0 ? value(random) : sums[random() % sums.size()] + bound;
        std::size_t plain = 0;
        std::size_t scaled = 0;
        for (std::size_t i = 0; i < sums.size(); ++i) {
            plain += sums[i] + bound >= cut;
            scaled += sums[i] * factors[i] + bound >= cut;
        }
        EXPECT_EQ(count_reaching(sums.data(), nullptr, strips, bound, cut), plain);
        EXPECT_EQ(count_reaching(sums.data(), factors.data(), strips, bound, cut), scaled);
        for (std::size_t strip = 0; strip < strips; ++strip) {
            const float* const from = sums.data() + strip * kSumsAtOnce;
            EXPECT_EQ(some_reach(from, bound, cut),
                      count_reaching(from, nullptr, 1, bound, cut) > 0);
        }
    }
}

TEST(IndexSums, FindTheOnlyOneWhereverItIs) {
    for (std::size_t place = 0; place < kSumsAtOnce; ++place) {
        float strip[kSumsAtOnce] = {};
        EXPECT_FALSE(some_reach(strip, 0.5F, 1));
        strip[place] = 0.5F;
        EXPECT_TRUE(some_reach(strip, 0.5F, 1));
    }
}

}  // namespace
}  // namespace knowhow::search
