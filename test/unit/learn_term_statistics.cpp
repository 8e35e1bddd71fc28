#include "engine/learn/term_statistics.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "learn_support.hpp"
#include "rank_vectors.hpp"

namespace knowhow {
namespace {

TEST(TermStatistics, CountsDocuments) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    for (const int vocabulary : {3, 100, 5000}) {
        const auto documents = test::random_documents(1, 500, vocabulary, 30, true);
        std::map<std::string, std::int64_t> expected;
        TermStatistics statistics(budget, monitor);
        for (const test::Terms& terms : documents) {
            const test::Vector vector(terms);  // its bytes are gone after the round
            statistics.add(vector.view());
            for (const auto& term : terms) {
                ++expected[term.first];
            }
        }
        EXPECT_EQ(statistics.documents(), 500);
        EXPECT_EQ(statistics.distinct_terms(), expected.size());
        const auto sorted = statistics.sorted();
        ASSERT_EQ(sorted.size(), expected.size());
        auto next = expected.begin();
        for (const TermCount& count : sorted) {
            EXPECT_EQ(count.term, next->first);
            EXPECT_EQ(count.documents, next->second);
            ++next;
        }
    }
    EXPECT_EQ(budget.used(), 0U);
}

TEST(TermStatistics, OrdersByBytes) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    TermStatistics statistics(budget, monitor);
    const std::vector<std::string_view> terms = {"z", "é", "部署", "a", "ab", "", "A"};
    statistics.add(terms);
    statistics.add(std::vector<std::string_view>{"部署", ""});
    EXPECT_EQ(statistics.documents(), 2);
    std::vector<std::string> order;
    for (const TermCount& count : statistics.sorted()) {
        order.emplace_back(count.term);
        EXPECT_EQ(count.documents, count.term.empty() || count.term == "部署" ? 2 : 1);
    }
    EXPECT_EQ(order, (std::vector<std::string>{"", "A", "a", "ab", "z", "é", "部署"}));
}

TEST(TermStatistics, MayBeEmpty) {
    MemoryBudget budget(test::kPlenty);
    Monitor monitor;
    TermStatistics statistics(budget, monitor);
    EXPECT_TRUE(statistics.sorted().empty());
    statistics.add(test::Vector({}).view());  // a document without a word is a document
    EXPECT_EQ(statistics.documents(), 1);
    EXPECT_TRUE(statistics.sorted().empty());
}

TEST(TermStatistics, StopsAndRunsOutOfMemoryCleanly) {
    const auto documents = test::encoded(test::random_documents(2, 3000, 20000, 100));
    const auto work = [&](Monitor& monitor, MemoryBudget& budget) {
        TermStatistics statistics(budget, monitor);
        for (const test::Vector& vector : documents) {
            statistics.add(vector.view());
        }
        statistics.sorted();
    };
    test::expect_clean_cancellation(work);
    test::expect_clean_exhaustion([&](MemoryBudget& budget) {
        Monitor monitor;
        work(monitor, budget);
    });
}

}  // namespace
}  // namespace knowhow
