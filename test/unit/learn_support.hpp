// Shared by the tests of the learners: monitors, generated data, dense copies.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/error.hpp"
#include "engine/base/monitor.hpp"
#include "engine/learn/interactions.hpp"

namespace knowhow::test {

constexpr std::size_t kPlenty = std::size_t{1} << 30;

// Asks to stop at its n-th poll; the first poll is 1. Counts.
class StopAt : public Monitor {
  public:
    explicit StopAt(int n) : n_(n) {}
    void poll() override {
        if (++polls == n_) {
            throw Error(ErrorCode::kCanceled, "asked to stop");
        }
    }
    int polls = 0;

  private:
    int n_;
};

struct Rating {
    std::int64_t user;
    std::int64_t item;
    float weight;
};

// Distinct pairs, in random order; ids are spread out and may be negative.
inline std::vector<Rating> random_ratings(std::uint32_t seed, int users, int items, double density,
                                          bool with_negatives = false) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::vector<Rating> result;
    for (int user = 0; user < users; ++user) {
        for (int item = 0; item < items; ++item) {
            if (uniform(random) < density) {
                auto weight = static_cast<float>(uniform(random));
                if (with_negatives && uniform(random) < 0.2) {
                    weight = -weight;
                }
                result.push_back({user * 7919LL - 50000, item * 104729LL - 900000, weight});
            }
        }
    }
    std::shuffle(result.begin(), result.end(), random);
    return result;
}

inline Interactions build(const std::vector<Rating>& ratings, MemoryBudget& budget) {
    Monitor monitor;
    InteractionsBuilder builder(budget, monitor);
    for (const Rating& rating : ratings) {
        builder.add(rating.user, rating.item, rating.weight);
    }
    return std::move(builder).finish();
}

// users × items
inline std::vector<std::vector<double>> dense(const Interactions& interactions) {
    std::vector<std::vector<double>> result(
        static_cast<std::size_t>(interactions.user_count()),
        std::vector<double>(static_cast<std::size_t>(interactions.item_count()), 0.0));
    for (std::int32_t user = 0; user < interactions.user_count(); ++user) {
        const SparseRow row = interactions.by_user().row(user);
        for (std::size_t k = 0; k < row.size(); ++k) {
            result[static_cast<std::size_t>(user)][static_cast<std::size_t>(row.columns[k])] =
                static_cast<double>(row.values[k]);
        }
    }
    return result;
}

// Runs `work(budget)` with growing budgets until it succeeds; every failure must be
// kOutOfMemory and must give all memory back.
template <typename Work>
void expect_clean_exhaustion(Work work) {
    int failures = 0;
    for (std::size_t limit = 16;; limit += limit / 4) {
        MemoryBudget budget(limit);
        try {
            work(budget);
            EXPECT_EQ(budget.used(), 0U);
            break;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory) << error.what();
            EXPECT_EQ(budget.used(), 0U);
            ++failures;
        }
        ASSERT_LT(limit, kPlenty);
    }
    EXPECT_GT(failures, 0);
}

// Runs `work(monitor, budget)` and stops it at each of its polls in turn.
template <typename Work>
void expect_clean_cancellation(Work work, int max_polls = 200) {
    StopAt counter(-1);
    {
        MemoryBudget budget(kPlenty);
        work(static_cast<Monitor&>(counter), budget);
    }
    ASSERT_GT(counter.polls, 0);
    for (int n = 1; n <= std::min(counter.polls, max_polls); ++n) {
        MemoryBudget budget(kPlenty);
        StopAt monitor(n);
        try {
            work(static_cast<Monitor&>(monitor), budget);
            ADD_FAILURE() << "not stopped at poll " << n;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kCanceled);
        }
        EXPECT_EQ(budget.used(), 0U);
    }
}

}  // namespace knowhow::test
