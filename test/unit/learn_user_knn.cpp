#include "engine/learn/user_knn.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/rank/top_k.hpp"
#include "learn_support.hpp"

namespace knowhow {
namespace {

using test::Rating;

struct Answer {
    std::vector<Neighbour> neighbours;
    std::vector<NeighbourScore> scores;
};

// As the server does it: two passes over rows.
Answer online(const std::vector<Rating>& rows, std::int64_t person, std::size_t k, Monitor& monitor,
              MemoryBudget& budget) {
    std::vector<ItemWeight> own;
    for (const Rating& row : rows) {
        if (row.user == person) {
            own.push_back({row.item, static_cast<double>(row.weight)});
        }
    }
    NeighbourSearch search(person, own, monitor, budget);
    for (const Rating& row : rows) {
        search.add(row.user, row.item, static_cast<double>(row.weight));
    }
    for (const std::int64_t user : search.users()) {
        // In the order of items, as an ordered aggregate would.
        std::vector<std::pair<std::int64_t, double>> squares;
        for (const Rating& row : rows) {
            if (row.user == user) {
                const auto weight = static_cast<double>(row.weight);
                squares.emplace_back(row.item, weight * weight);
            }
        }
        std::sort(squares.begin(), squares.end());
        double squared_norm = 0;
        for (const auto& square : squares) {
            squared_norm += square.second;
        }
        search.set_squared_norm(user, squared_norm);
    }
    const auto nearest = search.nearest(k);
    NeighbourScores scores(nearest, monitor, budget);
    for (const Rating& row : rows) {
        scores.add(row.user, row.item, static_cast<double>(row.weight));
    }
    const auto result = scores.scores();
    return {{nearest.begin(), nearest.end()}, {result.begin(), result.end()}};
}

Answer online(const std::vector<Rating>& rows, std::int64_t person, std::size_t k) {
    Monitor monitor;
    MemoryBudget budget(test::kPlenty);
    return online(rows, person, k, monitor, budget);
}

TEST(UserKnn, EqualsTheFormula) {
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
        const auto rows = test::random_ratings(seed, 50, 40, 0.2, seed % 2 == 0);
        MemoryBudget budget(test::kPlenty);
        const Interactions data = test::build(rows, budget);
        const auto r = test::dense(data);
        for (const std::size_t k : {1U, 5U, 1000U}) {
            for (std::size_t u = 0; u < r.size(); u += 7) {
                std::vector<Scored> near;
                for (std::size_t v = 0; v < r.size(); ++v) {
                    double dot = 0, uu = 0, vv = 0;
                    for (std::size_t p = 0; p < r[u].size(); ++p) {
                        dot += r[u][p] * r[v][p];
                        uu += r[u][p] * r[u][p];
                        vv += r[v][p] * r[v][p];
                    }
                    if (v != u && dot > 0) {
                        near.push_back({data.users()[v], dot / std::sqrt(uu) / std::sqrt(vv)});
                    }
                }
                std::sort(near.begin(), near.end(), ranks_before);
                near.resize(std::min(near.size(), k));
                std::vector<double> expected(r[u].size(), 0.0);
                std::vector<int> count(r[u].size(), 0);
                for (const Scored& neighbour : near) {
                    const auto v = static_cast<std::size_t>(*data.user_position(neighbour.id));
                    for (std::size_t p = 0; p < r[v].size(); ++p) {
                        expected[p] += r[v][p] * neighbour.score;
                        count[p] += r[v][p] != 0;
                    }
                }

                const Answer answer = online(rows, data.users()[u], k);
                ASSERT_EQ(answer.neighbours.size(), near.size());
                for (std::size_t n = 0; n < near.size(); ++n) {
                    EXPECT_EQ(answer.neighbours[n].user, near[n].id);
                    EXPECT_NEAR(answer.neighbours[n].similarity, near[n].score, 1e-12);
                }
                std::size_t found = 0;
                for (const NeighbourScore& score : answer.scores) {
                    const auto p = static_cast<std::size_t>(*data.item_position(score.item));
                    EXPECT_NEAR(score.score, expected[p], 1e-12);
                    EXPECT_EQ(score.neighbours, count[p]);
                    ++found;
                }
                EXPECT_EQ(found, static_cast<std::size_t>(std::count_if(
                                     count.begin(), count.end(), [](int c) { return c > 0; })));
            }
        }
    }
}

TEST(UserKnn, SameBitsForEveryOrderOfRows) {
    auto rows = test::random_ratings(5, 60, 40, 0.3);
    const std::int64_t person = rows.front().user;
    const Answer first = online(rows, person, 10);
    std::mt19937 random(6);
    for (int round = 0; round < 5; ++round) {
        std::shuffle(rows.begin(), rows.end(), random);
        const Answer other = online(rows, person, 10);
        ASSERT_EQ(first.scores.size(), other.scores.size());
        for (std::size_t n = 0; n < first.scores.size(); ++n) {
            EXPECT_EQ(first.scores[n].item, other.scores[n].item);
            EXPECT_EQ(first.scores[n].score, other.scores[n].score);
        }
    }
}

TEST(UserKnn, EqualSimilaritiesGoToTheSmallerId) {
    const Answer answer =
        online({{1, 1, 1}, {9, 1, 1}, {8, 1, 1}, {7, 1, 1}, {7, 2, 0}, {9, 3, 0}}, 1, 2);
    ASSERT_EQ(answer.neighbours.size(), 2U);
    EXPECT_EQ(answer.neighbours[0].user, 7);
    EXPECT_EQ(answer.neighbours[1].user, 8);
}

TEST(UserKnn, DegenerateData) {
    EXPECT_TRUE(online({}, 1, 10).scores.empty());
    EXPECT_TRUE(online({{1, 1, 1}}, 1, 10).scores.empty());              // alone
    EXPECT_TRUE(online({{1, 1, 1}, {2, 2, 1}}, 1, 10).scores.empty());   // nothing shared
    EXPECT_TRUE(online({{1, 1, 0}, {2, 1, 0}}, 1, 10).scores.empty());   // norms of zero
    EXPECT_TRUE(online({{1, 1, 1}, {2, 1, -1}}, 1, 10).scores.empty());  // opposite
    EXPECT_TRUE(online({{1, 1, 1}, {2, 1, 1}}, 1, 0).scores.empty());
    EXPECT_TRUE(online({{1, 1, 1}, {2, 1, 1}}, 3, 10).scores.empty());  // unknown person
    const Answer equal = online({{1, 1, 5}, {2, 1, 5}, {2, 2, 5}, {3, 1, 5}}, 1, 10);
    ASSERT_EQ(equal.scores.size(), 2U);
    EXPECT_NEAR(equal.scores[1].score, 5 / std::sqrt(2), 1e-12);
    EXPECT_EQ(equal.scores[1].neighbours, 1);
}

TEST(UserKnn, DuplicatesAddUp) {
    const Answer once = online({{1, 1, 2}, {2, 1, 3}, {2, 2, 1}}, 1, 10);
    Monitor monitor;
    MemoryBudget budget(test::kPlenty);
    const std::vector<ItemWeight> own = {{1, 2}};
    NeighbourSearch search(1, own, monitor, budget);
    search.add(2, 1, 1);
    search.add(2, 1, 2);
    ASSERT_EQ(search.users().size(), 1U);
    search.set_squared_norm(2, 10);
    search.set_squared_norm(77, 10);  // nobody's
    const auto nearest = search.nearest(10);
    ASSERT_EQ(nearest.size(), 1U);
    EXPECT_EQ(nearest[0].similarity, once.neighbours[0].similarity);
    NeighbourScores scores(nearest, monitor, budget);
    scores.add(2, 2, 0.5);
    scores.add(2, 2, 0.5);
    const auto result = scores.scores();
    ASSERT_EQ(result.size(), 1U);
    EXPECT_EQ(result[0].score, once.scores[1].score);
    EXPECT_EQ(result[0].neighbours, 1);
}

TEST(UserKnn, RefusesWhatIsNoNumber) {
    Monitor monitor;
    MemoryBudget budget(test::kPlenty);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::vector<ItemWeight> bad = {{7, nan}};
    const std::vector<ItemWeight> good = {{7, 1}};
    const auto message = [](auto body) -> std::string {
        try {
            body();
            return "";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
            return error.what();
        }
    };
    EXPECT_NE(message([&] { NeighbourSearch(3, bad, monitor, budget); }).find("user 3 and item 7"),
              std::string::npos);
    NeighbourSearch search(3, good, monitor, budget);
    EXPECT_NE(message([&] { search.add(4, 8, nan); }).find("user 4 and item 8"), std::string::npos);
    EXPECT_NE(message([&] { search.set_squared_norm(4, nan); }).find("user 4"), std::string::npos);
    EXPECT_NE(message([&] { search.set_squared_norm(4, -1); }).find("user 4"), std::string::npos);
    NeighbourScores scores({}, monitor, budget);
    EXPECT_NE(message([&] { scores.add(5, 9, nan); }).find("user 5 and item 9"), std::string::npos);
}

TEST(UserKnn, StopsAndRunsOutOfMemoryCleanly) {
    const auto rows = test::random_ratings(7, 60, 40, 0.3);
    test::expect_clean_exhaustion([&](MemoryBudget& budget) {
        Monitor monitor;
        online(rows, rows.front().user, 20, monitor, budget);
    });
    const std::vector<ItemWeight> own = {{1, 1}};
    test::expect_clean_cancellation([&](Monitor& monitor, MemoryBudget& budget) {
        NeighbourSearch search(0, own, monitor, budget);
        for (std::int64_t user = 20000; user > 0; --user) {
            search.add(user, 1, 1);
        }
        search.users();
        for (std::int64_t user = 20000; user > 0; --user) {
            search.set_squared_norm(user, 1);
        }
        const auto nearest = search.nearest(20000);
        NeighbourScores scores(nearest, monitor, budget);
        for (std::int64_t user = 20000; user > 0; --user) {
            scores.add(user, user, 1);
        }
        scores.scores();
    });
}

}  // namespace
}  // namespace knowhow
