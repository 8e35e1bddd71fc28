// Sums looked through several at a time, compared with one after the other.
#include "engine/search/sums.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "search_support.hpp"

namespace knowhow::search_test {
namespace {

class IndexSums : public testing::TestWithParam<Instructions> {};

TEST_P(IndexSums, AgreeWithOneAfterTheOther) {
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
        const Instructions with = GetParam();
        EXPECT_EQ(count_reaching(sums.data(), nullptr, strips, bound, cut, with), plain);
        EXPECT_EQ(count_reaching(sums.data(), factors.data(), strips, bound, cut, with), scaled);
        for (std::size_t strip = 0; strip <= strips; ++strip) {
            std::size_t next = strip * kSumsAtOnce;
            while (next < sums.size() && !(sums[next] + bound >= cut)) {
                ++next;
            }
            EXPECT_EQ(next_reaching(sums.data(), strip, strips, bound, cut, with),
                      next / kSumsAtOnce);
        }
    }
}

TEST_P(IndexSums, FindTheOnlyOneWhereverItIs) {
    for (std::size_t place = 0; place < 2 * kSumsAtOnce; ++place) {
        float sums[2 * kSumsAtOnce] = {};
        EXPECT_EQ(next_reaching(sums, 0, 2, 0.5F, 1, GetParam()), 2U);
        sums[place] = 0.5F;
        EXPECT_EQ(next_reaching(sums, 0, 2, 0.5F, 1, GetParam()), place / kSumsAtOnce);
        EXPECT_EQ(count_reaching(sums, nullptr, 2, 0.5F, 1, GetParam()), 1U);
    }
}

INSTANTIATE_TEST_SUITE_P(With, IndexSums, testing::ValuesIn(all_instructions()),
                         instructions_name);

}  // namespace
}  // namespace knowhow::search_test
