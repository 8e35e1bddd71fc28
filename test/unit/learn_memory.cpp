// Estimates of memory against what is then taken: of every learner, on data of several shapes.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/learn/learner.hpp"
#include "learn_support.hpp"

namespace knowhow {
namespace {

// Items by a power law, people with few and with many of them, as in real histories.
std::vector<test::Rating> skewed(int people, int items, int each) {
    std::mt19937 random(17);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::vector<test::Rating> result;
    for (int person = 0; person < people; ++person) {
        const int count = 1 + static_cast<int>(2 * each * uniform(random));
        for (int k = 0; k < count; ++k) {
            const double u = uniform(random);
            result.push_back({person, static_cast<std::int64_t>(items * u * u * u), 1});
        }
    }
    return result;
}

struct Shape {
    std::string name;
    std::vector<test::Rating> ratings;
    bool ordinary;  // the estimate is no more than twice the peak
};

std::vector<Shape> shapes() {
    return {
        {"none", {}, false},
        {"one", {{1, 1, 1}}, false},
        {"two items", {{1, 1, 1}, {1, 2, 1}}, false},
        {"dense", test::random_ratings(1, 200, 400, 0.3), true},
        {"dense with dismissals", test::random_ratings(2, 200, 400, 0.3, true), true},
        {"many items", skewed(300, 10000, 20), true},
        {"many people", skewed(8000, 500, 10), true},
        {"skewed", skewed(1500, 2200, 25), true},
        {"lonely", skewed(3000, 3000, 1), false},
    };
}

TEST(Memory, OfLearnersIsEstimatedFromAbove) {
    for (const Shape& shape : shapes()) {
        MemoryBudget data_budget(test::kPlenty);
        const Interactions data = test::build(shape.ratings, data_budget);
        for (const Learner* learner : learners()) {
            // The time of ease is the cube of the items, whose memory depends on nothing else.
            if (learner->name() == "ease" && data.item_count() > 500) {
                continue;
            }
            std::vector<std::pair<std::string, double>> given;
            if (learner->name() == "ials" || learner->name() == "blend") {
                given = {{"factors", 8}, {"iterations", 1}};
            }
            const Parameters parameters(learner->parameters(), given);
            for (const auto& [threads, targets] : {std::pair(1, 10), std::pair(4, 200)}) {
                SCOPED_TRACE(shape.name + ", " + std::string(learner->name()) + ", " +
                             std::to_string(threads) + " threads, " + std::to_string(targets) +
                             " targets");
                const FitOptions options{.targets = targets, .threads = threads};
                Monitor monitor;
                MemoryBudget asking(test::kPlenty);
                const std::size_t estimate =
                    learner->fit_memory(data, parameters, options, monitor, asking);
                MemoryBudget budget(test::kPlenty);
                const ItemItem model = learner->fit(data, parameters, options, monitor, budget);
                EXPECT_GE(estimate, budget.peak());
                EXPECT_LE(asking.peak(), budget.peak());
                if (shape.ordinary) {
                    EXPECT_LE(estimate, 2 * budget.peak());
                }
            }
        }
    }
}

TEST(Memory, OfSortingInteractionsIsEstimatedFromAbove) {
    for (const Shape& shape : shapes()) {
        SCOPED_TRACE(shape.name);
        Monitor monitor;
        MemoryBudget budget(test::kPlenty);
        InteractionsBuilder builder(budget, monitor);
        for (const test::Rating& rating : shape.ratings) {
            builder.add(rating.user, rating.item, rating.weight);
        }
        const std::size_t estimate = budget.used() + builder.finish_memory();
        const Interactions data = std::move(builder).finish();
        EXPECT_GE(estimate, budget.peak());
        if (shape.ordinary) {
            EXPECT_LE(estimate, 2 * budget.peak());
        }
    }
}

TEST(Memory, ThatIsNotThereIsRefusedWithTheWayOut) {
    MemoryBudget budget(std::size_t{10} << 20);
    EXPECT_NO_THROW(budget.require(budget.limit(), "training"));
    void* const held = budget.allocate(std::size_t{4} << 20);
    EXPECT_NO_THROW(budget.require(std::size_t{6} << 20, "training"));
    try {
        budget.require((std::size_t{6} << 20) + 1, "training");
        ADD_FAILURE() << "not refused";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory);
        EXPECT_STREQ(error.what(),
                     "training needs about 11MB, more than knowhow.max_memory = 10MB");
        EXPECT_EQ(error.hint(), "Raise knowhow.max_memory to 11MB, or train on less data.");
        EXPECT_EQ(error.detail(), "It holds 4MB now and would take 7MB more at its peak.");
    }
    EXPECT_THROW(budget.require(SIZE_MAX, "training"), Error);
    budget.deallocate(held, std::size_t{4} << 20);
}

}  // namespace
}  // namespace knowhow
