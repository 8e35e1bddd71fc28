#include "engine/sparse/accumulator.hpp"

#include <gtest/gtest.h>

#include "engine/base/budget.hpp"
#include "engine/base/error.hpp"
#include "sparse_support.hpp"

namespace knowhow {
namespace {

using namespace sparse_test;

TEST(TermAccumulator, AddsUpAsAMapDoes) {
    std::mt19937 random(5);
    TermAccumulator accumulator(std::pmr::new_delete_resource());
    Naive expected;
    for (int round = 0; round < 300; ++round) {
        const Naive naive = random_naive(random, random() % 50, 2000);
        const Stored stored(naive);
        accumulator.add_vector(stored.view(), 2);
        for (const auto& [term, weight] : naive) {
            expected[term] += 2 * weight;
        }
    }
    EXPECT_EQ(accumulator.size(), expected.size());
    std::erase_if(expected, [](const auto& entry) { return entry.second == 0; });
    const std::vector<TermWeight> sorted = accumulator.sorted();
    EXPECT_EQ(to_naive(sorted), expected);
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        ASSERT_LT(compare_terms(sorted[i - 1].term, sorted[i].term), 0);
    }
}

TEST(TermAccumulator, OwnsItsTermsAndDropsZeros) {
    TermAccumulator accumulator(std::pmr::new_delete_resource());
    {
        std::string term = "short-lived and too long for the small string optimisation";
        accumulator.add(term, 1);
        accumulator.add("zero", 1);
        accumulator.add("zero", -1);
        term.assign(term.size(), '?');
    }
    const std::vector<TermWeight> sorted = accumulator.sorted();
    ASSERT_EQ(sorted.size(), 1U);
    EXPECT_EQ(sorted[0].term, "short-lived and too long for the small string optimisation");
}

TEST(TermAccumulator, TakesAllItsMemoryFromTheResource) {
    MemoryBudget budget(64 * 1024);
    TermAccumulator accumulator(&budget);
    EXPECT_THROW(
        {
            for (int i = 0; i < 100'000; ++i) {
                accumulator.add("term" + std::to_string(i), 1);
            }
        },
        Error);
    EXPECT_LE(budget.peak(), budget.limit());
    EXPECT_GT(accumulator.size(), 400U);
    EXPECT_EQ(accumulator.sorted().size(), accumulator.size());  // whole after the failure
}

class Stopping : public Monitor {
  public:
    void poll() override { throw Error(ErrorCode::kCanceled, "stop"); }
};

TEST(TermAccumulator, CanBeStoppedWhileSorting) {
    TermAccumulator accumulator(std::pmr::new_delete_resource());
    for (int i = 0; i < 50'000; ++i) {
        accumulator.add("term" + std::to_string(i), 1);
    }
    Stopping monitor;
    EXPECT_THROW(accumulator.sorted(monitor), Error);
    EXPECT_EQ(accumulator.sorted().size(), 50'000U);
}

}  // namespace
}  // namespace knowhow
