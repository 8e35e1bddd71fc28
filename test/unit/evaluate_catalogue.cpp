#include "engine/evaluate/catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "engine/base/error.hpp"
#include "rank_vectors.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 24;

TEST(Impressions, EqualCountingByHand) {
    MemoryBudget budget(kPlenty);
    std::mt19937 random(3);
    constexpr std::size_t kSnippets = 250;
    Impressions impressions(kSnippets, budget);
    std::vector<int> counts(kSnippets, 0);
    std::set<std::int32_t> ever;
    for (int list = 0; list < 40; ++list) {
        std::vector<std::int32_t> shown;
        for (int i = 0; i < 5; ++i) {
            shown.push_back(static_cast<std::int32_t>(random() % (1 + random() % kSnippets)));
            ++counts[static_cast<std::size_t>(shown.back())];
            ever.insert(shown.back());
        }
        impressions.add(shown);
    }
    EXPECT_DOUBLE_EQ(impressions.coverage(), static_cast<double>(ever.size()) / kSnippets);
    // The top 1 % of 250 are 3. Found by taking the largest three times.
    double top = 0;
    for (int i = 0; i < 3; ++i) {
        auto largest = std::max_element(counts.begin(), counts.end());
        top += *largest;
        *largest = 0;
    }
    EXPECT_DOUBLE_EQ(impressions.concentration(.01), top / 200);
    EXPECT_DOUBLE_EQ(impressions.concentration(1), 1);
}

TEST(Impressions, ARoundShareIsNotRoundedUp) {
    MemoryBudget budget(kPlenty);
    Impressions impressions(300, budget);
    for (std::int32_t position = 0; position < 10; ++position) {
        impressions.add(std::vector<std::int32_t>{position});
    }
    EXPECT_DOUBLE_EQ(impressions.concentration(.01), .3);
}

TEST(Impressions, AreRefusedOutOfRange) {
    MemoryBudget budget(kPlenty);
    Impressions impressions(2, budget);
    EXPECT_THROW(impressions.add(std::vector<std::int32_t>{2}), Error);
    EXPECT_THROW(impressions.add(std::vector<std::int32_t>{-1}), Error);
    EXPECT_THROW(impressions.concentration(1.5), Error);
    EXPECT_EQ(impressions.coverage(), 0);
    EXPECT_EQ(impressions.concentration(.01), 0);
    EXPECT_EQ(Impressions(0, budget).coverage(), 0);
}

TEST(Novelty, IsTheMeanSelfInformation) {
    const std::vector<std::int64_t> had = {0, 1, 7};
    // Of 15 people: -log2(1/16), -log2(2/16), -log2(8/16).
    EXPECT_DOUBLE_EQ(novelty(std::vector<std::int32_t>{0, 1, 2}, had, 15), (4.0 + 3 + 1) / 3);
    EXPECT_EQ(novelty({}, had, 15), 0);
    EXPECT_THROW(novelty(std::vector<std::int32_t>{3}, had, 15), Error);
}

TEST(Diversity, EqualsTheMeanOverPairs) {
    Monitor monitor;
    const auto terms = test::random_documents(5, 6, 12, 6);
    const auto vectors = test::encoded(terms);
    std::vector<VectorView> views;
    for (const auto& vector : vectors) {
        views.push_back(vector.view());
    }
    double sum = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        for (std::size_t j = 0; j < 6; ++j) {
            double product = 0;
            double left = 0;
            double right = 0;
            for (const auto& [term, weight] : terms[i]) {
                left += weight * weight;
                product += terms[j].contains(term) ? weight * terms[j].at(term) : 0;
            }
            for (const auto& [term, weight] : terms[j]) {
                right += weight * weight;
            }
            sum += i == j ? 0 : 1 - product / std::sqrt(left * right);
        }
    }
    EXPECT_NEAR(intra_list_diversity(views, monitor), sum / 30, 1e-9);
    EXPECT_EQ(intra_list_diversity({views.data(), 1}, monitor), 0);
    const std::vector<VectorView> with_empty = {views[0], VectorView(), VectorView()};
    EXPECT_EQ(intra_list_diversity(with_empty, monitor), 1);
}

TEST(Diversity, StopsWhenAskedTo) {
    struct Stop : Monitor {
        void poll() override { throw Error(ErrorCode::kCanceled, "stop"); }
    } stop;
    const std::vector<VectorView> many(100);
    EXPECT_THROW(intra_list_diversity(many, stop), Error);
}

TEST(PopularityThirds, HoldAThirdOfTheInteractionsEach) {
    MemoryBudget budget(kPlenty);
    // 30 interactions: ten of one each, two of five, one of ten; and one that nobody had.
    const std::vector<std::int64_t> had = {10, 1, 1, 1, 1, 1, 5, 1, 1, 1, 1, 1, 5, 0};
    const auto thirds = popularity_thirds(had, budget);
    const std::vector<std::uint8_t> expected = {2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0};
    EXPECT_EQ(std::vector<std::uint8_t>(thirds.begin(), thirds.end()), expected);
    EXPECT_TRUE(popularity_thirds({}, budget).empty());
    const std::vector<std::int64_t> nobody = {0, 0};
    for (const std::uint8_t third : popularity_thirds(nobody, budget)) {
        EXPECT_EQ(third, 0);
    }
}

}  // namespace
}  // namespace knowhow
