// A sound segment is found sound; of a damaged one no byte that matters goes unnoticed.
#include "engine/search/verify.hpp"

#include <gtest/gtest.h>

#include "search_support.hpp"

namespace knowhow::search_test {
namespace {

Table some_rows(std::size_t count) {
    std::mt19937 random(11);
    Table table;
    for (std::uint32_t i = 0; i < count; ++i) {
        Naive vector;
        for (std::size_t term = random() % 20; term > 0; --term) {
            vector["t" + std::to_string(random() % (1 + random() % 90))] =
                (random() % 10 == 0 ? -1.0 : 1.0) * static_cast<double>(1 + random() % 999);
        }
        if (i % 50 == 7) {
            table.add_null(make_tid(i, 1));
        } else {
            table.add(make_tid(i, 1), vector);
        }
    }
    return table;
}

std::vector<Tid> all(const Table& table) {
    std::vector<Tid> tids;
    for (const auto& entry : table.rows) {
        tids.push_back(entry.first);
    }
    return tids;
}

std::vector<std::string> verify(const Segment& segment, std::span<std::uint64_t> fingerprints) {
    Monitor none;
    std::vector<std::string> faults;
    try {
        verify_segment(segment, fingerprints, faults, 10, none, std::pmr::new_delete_resource());
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kDataCorrupted) << error.what();
        faults.push_back(error.detail());
    }
    return faults;
}

TEST(IndexVerify, SoundSegmentsAreSound) {
    for (const Measure measure : {Measure::kInnerProduct, Measure::kCosine}) {
        for (const std::size_t rows : {0, 1, 5, 3000}) {
            const Table table = some_rows(rows);
            const Built built = build(table, all(table), measure, 2560);
            std::vector<std::uint64_t> fingerprints(built.counts.documents);
            EXPECT_EQ(verify(*built.segment, fingerprints), std::vector<std::string>());
            std::vector<Tid> tids(built.counts.documents);
            built.segment->read_tids(0, tids);
            for (std::size_t i = 0; i < tids.size(); ++i) {
                EXPECT_EQ(fingerprints[i], fingerprint(table.row(tids[i]).vector));
            }
        }
    }
}

TEST(IndexVerify, FingerprintsTellVectorsApart) {
    const Stored a(Naive{{"a", 1}, {"b", 2}});
    const Stored b(Naive{{"a", 2}, {"b", 1}});
    const Stored c(Naive{{"ab", 1}, {"b", 2}});
    EXPECT_NE(fingerprint(a.view()), fingerprint(b.view()));
    EXPECT_NE(fingerprint(a.view()), fingerprint(c.view()));
    EXPECT_EQ(fingerprint(VectorView()), 0U);
}

// Changes single bytes of every page and reads everything there is: a damaged segment gives an
// error or another answer, never a crash or an endless loop. What changes the content is noticed.
TEST(IndexVerify, DamageIsNoticedAndHarmless) {
    const Table table = some_rows(1500);
    const Stored query(Naive{{"t0", 1}, {"t1", 2}, {"t5", -1}, {"t33", 1}});
    Monitor none;
    for (const Measure measure : {Measure::kInnerProduct, Measure::kCosine}) {
        Built built = build(table, all(table), measure, 2560);
        std::vector<std::uint64_t> sound(built.counts.documents);
        ASSERT_TRUE(verify(*built.segment, sound).empty());
        std::vector<Tid> tids(built.segment->rows());
        built.segment->read_tids(0, tids);
        std::mt19937 random(5);
        int unnoticed = 0;
        for (int round = 0; round < 3000; ++round) {
            const std::size_t page = random() % built.pages->pages.size();
            std::byte& byte = built.pages->pages[page][random() % 400];
            const std::byte before = byte;
            byte ^= static_cast<std::byte>(1U << random() % 8);
            try {
                const Segment segment(*built.pages);
                std::vector<std::uint64_t> fingerprints(segment.counts().documents);
                const bool noticed = !verify(segment, fingerprints).empty();
                std::vector<Tid> now(segment.rows());
                segment.read_tids(0, now);
                const bool changed = now != tids || fingerprints != sound;
                const PageKind kind = built.pages->kinds[page];
                unnoticed += !noticed && !changed && kind != PageKind::kDeleted &&
                             kind != PageKind::kRoot && byte != std::byte{0xEE} &&
                             before != std::byte{0xEE};
                const SearchedSegment searched{&segment, true};
                Search search(measure, query.view(), std::pmr::new_delete_resource());
                Fresh fresh;
                std::vector<Hit> hits;
                search.next(std::span(&searched, 1), fresh, 10, hits, none);
                search.next(std::span(&searched, 1), fresh, 100000, hits, none);
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), ErrorCode::kDataCorrupted) << error.what();
            }
            byte = before;
        }
        // Bounds that are looser than they need be, and what no reader looks at.
        EXPECT_LT(unnoticed, 600);
        std::vector<std::uint64_t> again(built.counts.documents);
        EXPECT_TRUE(verify(*built.segment, again).empty());
    }
}

}  // namespace
}  // namespace knowhow::search_test
