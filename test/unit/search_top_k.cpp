// A scan over segments and fresh rows returns what sorting the table returns, to the last row.
#include "engine/search/top_k.hpp"

#include <gtest/gtest.h>

#include "search_support.hpp"

namespace knowhow::search_test {
namespace {

struct Shape {
    std::size_t rows;
    std::size_t vocabulary;
    std::size_t terms;  // of a row, at most
    double negative;    // share of weights below 0
    int levels;         // of weights: few make ties
    std::size_t payload;
};

std::string name(std::size_t i) {
    return "t" + std::to_string(i * i % 1009) + "x" + std::to_string(i);
}

Naive vector(std::mt19937& random, const Shape& shape, std::size_t most) {
    Naive result;
    const std::size_t size = random() % (most + 1);
    for (std::size_t i = 0; i < size; ++i) {
        // Squared twice: a few terms are in most rows, most in few.
        const double u = std::generate_canonical<double, 32>(random);
        const std::size_t term = static_cast<std::size_t>(u * u * u * shape.vocabulary);
        const double level = static_cast<double>(1 + random() % shape.levels);
        const double scale = random() % 20 == 0 ? 100 : 1;  // skewed norms
        const bool negative = std::generate_canonical<double, 32>(random) < shape.negative;
        result[name(term)] = (negative ? -1 : 1) * level * scale / 7;
    }
    return result;
}

Table random_table(std::mt19937& random, const Shape& shape) {
    Table table;
    while (table.rows.size() < shape.rows) {
        const Tid tid = make_tid(static_cast<std::uint32_t>(random() % (4 * shape.rows)),
                                 static_cast<std::uint16_t>(1 + random() % 20));
        if (random() % 40 == 0) {
            table.add_null(tid);
        } else {
            table.add(tid, vector(random, shape, shape.terms));
        }
    }
    return table;
}

void expect_same(const std::vector<Hit>& found, const std::vector<Hit>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_EQ(found[i].tid, expected[i].tid) << "at " << i;
        ASSERT_EQ(found[i].null, expected[i].null) << "at " << i;
        if (!found[i].null) {
            ASSERT_EQ(found[i].distance, expected[i].distance) << "at " << i;
        }
    }
}

std::vector<Hit> scan(Search& search, std::span<const SearchedSegment> segments, Fresh& fresh,
                      std::size_t first) {
    std::vector<Hit> all;
    std::vector<Hit> batch;
    Monitor none;
    for (std::size_t k = first;; k *= 4) {
        search.next(segments, fresh, k, batch, none);
        all.insert(all.end(), batch.begin(), batch.end());
        if (batch.size() < k) {
            EXPECT_EQ(search.returned(), all.size());
            return all;
        }
    }
}

class IndexTopKOf : public testing::TestWithParam<std::tuple<Measure, Shape>> {};

TEST_P(IndexTopKOf, EqualsBruteForceToTheLastRow) {
    const auto& [measure, shape] = GetParam();
    std::mt19937 random(7);
    for (int round = 0; round < 6; ++round) {
        Table table = random_table(random, shape);
        // Spread over segments of random sizes and a fresh area.
        const std::size_t parts = 1 + random() % 4;
        std::vector<std::vector<Tid>> tids(parts);
        Fresh fresh;
        for (const auto& entry : table.rows) {
            const std::size_t part = random() % (parts + 1);
            if (part == parts) {
                if (round % 2 == 0) {
                    fresh.rows.push_back(table.row(entry.first));
                } else {
                    tids[0].push_back(entry.first);
                }
            } else {
                tids[part].push_back(entry.first);
            }
        }
        std::vector<Built> built;
        std::vector<SearchedSegment> segments;
        for (std::vector<Tid>& part : tids) {
            if (round % 3 == 1) {
                std::shuffle(part.begin(), part.end(), random);
            }
            built.push_back(build(table, part, measure, shape.payload));
        }
        // Delete some rows of the first segment.
        const bool deletes = round % 3 == 2;
        if (deletes) {
            std::vector<Tid> in_first(built[0].segment->rows());
            built[0].segment->read_tids(0, in_first);
            for (std::uint32_t row = 0; row < in_first.size(); ++row) {
                if (random() % 3 == 0) {
                    built[0].remove(row);
                    table.rows.erase(in_first[row]);
                }
            }
        }
        for (const Built& each : built) {
            segments.push_back({each.segment.get(), deletes});
        }
        // The same after a merge of everything that is in segments.
        std::vector<MergeSourcePointer> sources;
        for (const Built& each : built) {
            sources.push_back(segment_source(*each.segment));
        }
        const Built merged = write(sources, measure, shape.payload);
        const SearchedSegment merged_segment{merged.segment.get(), false};

        for (int query_round = 0; query_round < 8; ++query_round) {
            Naive terms = vector(random, shape,
                                 query_round == 0   ? 0
                                 : query_round == 1 ? 1
                                 : query_round < 6  ? 6
                                                    : 60);
            if (query_round == 5) {
                terms["never seen"] = 3;
            }
            const Stored query(terms);
            const std::vector<Hit> expected = brute_force(measure, query.view(), table);
            Search search(measure, query.view(), std::pmr::new_delete_resource());
            expect_same(scan(search, segments, fresh, 1 + random() % 12), expected);
            Search again(measure, query.view(), std::pmr::new_delete_resource());
            expect_same(scan(again, std::span(&merged_segment, 1), fresh, 10), expected);
            if (HasFatalFailure()) {
                FAIL() << "round " << round << ", query " << query_round;
            }
        }
        Search everything(measure, std::nullopt, std::pmr::new_delete_resource());
        std::vector<Hit> expected;
        for (const auto& entry : table.rows) {
            expected.push_back({0, entry.first, true});
        }
        expect_same(scan(everything, segments, fresh, 10), expected);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, IndexTopKOf,
    testing::Combine(testing::Values(Measure::kInnerProduct, Measure::kCosine),
                     testing::Values(Shape{0, 10, 5, 0, 3, 8152}, Shape{1, 3, 3, 0, 3, 8152},
                                     Shape{300, 20, 8, 0, 2, 2560}, Shape{300, 20, 8, .4, 3, 8152},
                                     Shape{2000, 300, 30, 0, 50, 2560},
                                     Shape{3000, 60, 20, .1, 1000, 8152},
                                     Shape{6000, 2000, 40, 0, 100000, 32768},
                                     Shape{9000, 5, 4, 0, 2, 8152})));

TEST(IndexTopK, ReadsLongTermsAndLargeVectors) {
    Table table;
    Naive large;
    for (int i = 0; i < 100000; ++i) {
        large["w" + std::to_string(i)] = 1 + i % 13;
    }
    Naive lengthy;
    for (int i = 0; i < 40; ++i) {
        lengthy[std::string(kMaxLexemeBytes - 2, 'y') + std::to_string(10 + i)] = i + 1;
        lengthy[std::string(kMaxLexemeBytes, static_cast<char>('a' + i % 26))] = i + 1;
    }
    table.add(make_tid(1, 1), large);
    table.add(make_tid(2, 1), lengthy);
    table.add(make_tid(3, 1), {{"w5", 2}, {"zebra", 1}});
    for (const Measure measure : {Measure::kInnerProduct, Measure::kCosine}) {
        for (const std::size_t payload : {kLeastPagePayload, std::size_t{8152}, kMostPagePayload}) {
            const Built built =
                build(table, {make_tid(3, 1), make_tid(1, 1), make_tid(2, 1)}, measure, payload);
            EXPECT_EQ(built.counts.terms, 100000 + lengthy.size() + 1);
            const SearchedSegment segment{built.segment.get(), false};
            for (const Naive& terms : {large, lengthy, Naive{{"w5", 1}}}) {
                const Stored query(terms);
                Search search(measure, query.view(), std::pmr::new_delete_resource());
                Fresh fresh;
                expect_same(scan(search, std::span(&segment, 1), fresh, 10),
                            brute_force(measure, query.view(), table));
            }
        }
    }
}

// Their distances are kept where they are few, until the scan begins anew.
TEST(IndexTopK, ReadsFewFreshRowsOnceAndManyAgain) {
    for (const std::uint32_t rows : {std::uint32_t{16384}, std::uint32_t{16385}}) {
        Table table;
        Fresh fresh;
        for (std::uint32_t i = 0; i < rows; ++i) {
            const Tid tid = make_tid(i, 1);
            table.add(tid, {{"a", 1 + i * 7 % 1000}});
            fresh.rows.push_back(table.row(tid));
        }
        const Stored query(Naive{{"a", 1}});
        const std::vector<Hit> expected =
            brute_force(Measure::kInnerProduct, query.view(), table);
        Search search(Measure::kInnerProduct, query.view(), std::pmr::new_delete_resource());
        Monitor none;
        std::vector<Hit> first;
        search.next({}, fresh, 10, first, none);
        const int readings = fresh.readings;
        std::vector<Hit> rest;
        search.next({}, fresh, 20000, rest, none);
        EXPECT_EQ(fresh.readings > readings, rows > 16384);
        search.forget_fresh();
        first.insert(first.end(), rest.begin(), rest.end());
        expect_same(first, expected);
        search.next({}, fresh, 10, rest, none);
        EXPECT_GT(fresh.readings, readings);
        EXPECT_TRUE(rest.empty());
    }
}

// The list of many rows throws away its worse half again and again; ties straddle the cut.
TEST(IndexTopK, KeepsTheBestOfManyInLargeBatches) {
    std::mt19937 random(11);
    Table table;
    std::vector<Tid> tids;
    for (std::uint32_t i = 0; i < 20000; ++i) {
        const Tid tid = make_tid(static_cast<std::uint32_t>(random() % 100000),
                                 static_cast<std::uint16_t>(1 + i % 200));
        if (table.rows.count(tid) == 0) {
            table.add(tid, {{"a", 1 + static_cast<double>(random() % 40)}, {"b", i % 3}});
            tids.push_back(tid);
        }
    }
    const Stored query(Naive{{"a", 1}, {"b", .5}});
    for (const Measure measure : {Measure::kInnerProduct, Measure::kCosine}) {
        const Built built = build(table, tids, measure, 8152);
        const SearchedSegment segment{built.segment.get(), false};
        for (const std::size_t first : {256, 257, 300, 1000}) {
            Fresh fresh;
            Search search(measure, query.view(), std::pmr::new_delete_resource());
            expect_same(scan(search, std::span(&segment, 1), fresh, first),
                        brute_force(measure, query.view(), table));
        }
    }
}

TEST(IndexTopK, RefusesTheSameRowTwice) {
    Table table;
    table.add(make_tid(1, 1), {{"a", 1}});
    EXPECT_THROW(build(table, {make_tid(1, 1), make_tid(1, 1)}, Measure::kCosine, 8152), Error);
}

}  // namespace
}  // namespace knowhow::search_test
