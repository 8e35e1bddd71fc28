// What an index holds, compared with what a table has.
#include "engine/search/ledger.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <stdexcept>

namespace knowhow::search {
namespace {

using Found = Ledger::Found;

TEST(IndexLedger, IsEmptyAtFirst) {
    Ledger ledger(std::pmr::new_delete_resource());
    Monitor none;
    ledger.sort(none);
    EXPECT_EQ(ledger.find(make_tid(0, 1), false, 0), Found::kNot);
    EXPECT_TRUE(ledger.repeated(10).empty());
    EXPECT_TRUE(ledger.beyond(0, 10).empty());
}

TEST(IndexLedger, TellsNullFromEmptyAndVectorsApart) {
    Ledger ledger(std::pmr::new_delete_resource());
    ledger.add(make_tid(7, 2), true, 99);
    ledger.add(make_tid(7, 1), false, 0);
    Monitor none;
    ledger.sort(none);
    EXPECT_EQ(ledger.find(make_tid(7, 1), false, 0), Found::kSame);
    EXPECT_EQ(ledger.find(make_tid(7, 1), false, 1), Found::kOther);
    EXPECT_EQ(ledger.find(make_tid(7, 1), true, 0), Found::kOther);
    EXPECT_EQ(ledger.find(make_tid(7, 2), true, 1), Found::kSame);
    EXPECT_EQ(ledger.find(make_tid(7, 2), false, 0), Found::kOther);
    EXPECT_EQ(ledger.find(make_tid(7, 3), false, 0), Found::kNot);
}

TEST(IndexLedger, AgreesWithAMap) {
    std::mt19937 random(3);
    for (int round = 0; round < 50; ++round) {
        Ledger ledger(std::pmr::new_delete_resource());
        std::multimap<Tid, std::uint64_t> rows;
        const std::size_t count = random() % 300;
        ledger.expect(count);
        for (std::size_t i = 0; i < count; ++i) {
            const Tid tid = make_tid(random() % 20, static_cast<std::uint16_t>(1 + random() % 20));
            const std::uint64_t fingerprint = random() % 3;
            ledger.add(tid, false, fingerprint);
            rows.emplace(tid, fingerprint);
        }
        Monitor none;
        ledger.sort(none);
        EXPECT_EQ(ledger.rows(), count);
        std::vector<Tid> repeated;
        for (std::uint32_t block = 0; block < 20; ++block) {
            for (std::uint16_t line = 1; line <= 20; ++line) {
                const Tid tid = make_tid(block, line);
                const auto [from, to] = rows.equal_range(tid);
                bool same = false;
                for (auto at = from; at != to; ++at) {
                    same |= at->second == 1;
                }
                EXPECT_EQ(ledger.find(tid, false, 1),
                          from == to ? Found::kNot : same ? Found::kSame : Found::kOther);
                EXPECT_EQ(ledger.is_repeated(tid), rows.count(tid) > 1);
                if (rows.count(tid) > 1) {
                    repeated.push_back(tid);
                }
            }
        }
        EXPECT_EQ(ledger.repeated(1000), repeated);
        EXPECT_EQ(ledger.repeated(1).size(), std::min<std::size_t>(1, repeated.size()));
        std::size_t last = 0;
        for (const auto& row : rows) {
            last += tid_block(row.first) >= 13;
        }
        EXPECT_EQ(ledger.beyond(13, 1000).size(), last);
    }
}

TEST(IndexLedger, SortsAreCancelled) {
    struct Cancelled : Monitor {
        void poll() override { throw std::runtime_error("cancelled"); }
    };
    Ledger ledger(std::pmr::new_delete_resource());
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        ledger.add(make_tid(i * 7919 % 100'003, 1), false, i);
    }
    Cancelled monitor;
    EXPECT_THROW(ledger.sort(monitor), std::runtime_error);
}

}  // namespace
}  // namespace knowhow::search
