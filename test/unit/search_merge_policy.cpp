#include "engine/search/merge_policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace knowhow::search {
namespace {

// Merges as the index does; returns how many rows were written.
std::uint64_t merge_all(std::vector<SegmentSize>& segments, const MergeLimits& limits) {
    std::uint64_t written = 0;
    for (;;) {
        const std::vector<std::size_t> chosen = choose_merge(segments, limits);
        if (chosen.empty()) {
            return written;
        }
        EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
        SegmentSize merged{0, 0};
        for (auto place = chosen.rbegin(); place != chosen.rend(); ++place) {
            merged.rows += segments.at(*place).rows - segments.at(*place).deleted;
            segments.erase(segments.begin() + static_cast<long>(*place));
        }
        written += merged.rows;
        if (merged.rows > 0) {
            segments.push_back(merged);
        }
    }
}

TEST(MergePolicy, ARowIsRewrittenOnceForEachTierAndSegmentsStayFew) {
    std::vector<SegmentSize> segments;
    std::uint64_t written = 0;
    constexpr std::uint32_t kFlushes = 4096;
    std::size_t most = 0;
    for (std::uint32_t i = 0; i < kFlushes; ++i) {
        segments.push_back({1000, 0});
        written += merge_all(segments, {});
        most = std::max(most, segments.size());
    }
    // 1000 rows, and 8 times as many, 64, 512 and 4096 times.
    EXPECT_LE(written, std::uint64_t{4} * kFlushes * 1000);
    EXPECT_LE(most, 4 * (kMergeFactor - 1) + 1);
    std::uint64_t rows = 0;
    for (const SegmentSize& segment : segments) {
        rows += segment.rows;
    }
    EXPECT_EQ(rows, kFlushes * 1000);
}

TEST(MergePolicy, AnInsertNeverMergesMoreThanItMay) {
    std::vector<SegmentSize> segments(8, {10'000, 0});
    MergeLimits limits;
    limits.rows = 80'000;
    EXPECT_EQ(choose_merge(segments, limits).size(), 8U);
    // Part of a tier.
    limits.rows = 50'000;
    EXPECT_EQ(choose_merge(segments, limits).size(), 5U);
    limits.rows = 19'999;
    EXPECT_TRUE(choose_merge(segments, limits).empty());
    // What is too large is passed over.
    segments = {{10'000, 0}, {10'000, 0}, {30'000, 25'000}, {10'000, 0},
                {10'000, 0}, {10'000, 0}, {10'000, 0},      {10'000, 0}};
    limits.rows = 25'000;
    EXPECT_EQ(choose_merge(segments, limits), (std::vector<std::size_t>{0, 1}));
}

TEST(MergePolicy, WhatInsertsMayNotMergeWholeDoesNotPileUp) {
    MergeLimits limits;
    limits.rows = 50'000;
    for (const std::uint32_t flushed : {100U, 700U, 1000U, 2000U, 3000U, 4500U, 13'000U, 20'000U}) {
        std::vector<SegmentSize> segments;
        std::uint64_t written = 0;
        std::size_t most = 0;
        std::uint64_t rows = 0;
        for (; rows < 800'000; rows += flushed) {
            segments.push_back({flushed, 0});
            written += merge_all(segments, limits);
            most = std::max(most, segments.size());
        }
        // Without merges of parts five of these sizes leave 39 to 106.
        EXPECT_LE(most, 36U) << flushed;
        EXPECT_LE(written, 5 * rows) << flushed;
    }
}

TEST(MergePolicy, TooManySegmentsAreMergedWhateverTheirSizes) {
    const std::vector<SegmentSize> segments = {{9'000'000, 0}, {20, 0}, {5'000, 0}, {700'000, 0}};
    MergeLimits limits;
    limits.segments = 5;
    EXPECT_TRUE(choose_merge(segments, limits).empty());
    limits.segments = 4;
    EXPECT_EQ(choose_merge(segments, limits), (std::vector<std::size_t>{0, 1, 2, 3}));
    limits.rows = 10'000;
    EXPECT_EQ(choose_merge(segments, limits), (std::vector<std::size_t>{1, 2}));
    limits.rows = 5'000;
    EXPECT_TRUE(choose_merge(segments, limits).empty());
}

TEST(MergePolicy, DeletedRowsAreWrittenOutOfASegment) {
    MergeLimits limits;
    std::vector<SegmentSize> segments = {{1000, 201}, {1000, 200}};
    EXPECT_TRUE(choose_merge(segments, limits).empty());
    limits.tidy = true;
    EXPECT_EQ(merge_all(segments, limits), 799U);
    EXPECT_TRUE(choose_merge(segments, limits).empty());
}

TEST(MergePolicy, SmallSegmentsAreMergedToTidyUp) {
    MergeLimits limits;
    limits.tidy = true;
    std::vector<SegmentSize> segments = {{50'000, 0}, {3000, 0}, {3000, 1000}, {90'000, 0}};
    EXPECT_EQ(choose_merge(segments, limits), std::vector<std::size_t>{2});  // what is deleted
    segments = {{50'000, 0}, {3000, 0}, {3000, 0}, {90'000, 0}, {5000, 0}};
    EXPECT_EQ(choose_merge(segments, limits), (std::vector<std::size_t>{1, 2, 4}));
    // Not where most of it would be the largest, and not more than half of all.
    segments = {{50'000, 0}, {3000, 0}, {90'000, 0}};
    EXPECT_TRUE(choose_merge(segments, limits).empty());
    segments = {{50'000, 0}, {50'000, 0}, {50'000, 0}};
    EXPECT_TRUE(choose_merge(segments, limits).empty());
    limits.tidy = false;
    segments = {{50'000, 0}, {3000, 0}, {3000, 0}, {90'000, 0}};
    EXPECT_TRUE(choose_merge(segments, limits).empty());
}

TEST(MergePolicy, TidyingUpRewritesARowWhenWhatIsBesideItHasDoubled) {
    MergeLimits of_insert;
    of_insert.rows = 50'000;
    MergeLimits of_vacuum;
    of_vacuum.tidy = true;
    for (const std::uint32_t between : {1U, 4U, 64U}) {
        std::vector<SegmentSize> segments;
        std::uint64_t rows = 0;
        std::uint64_t written = 0;
        std::size_t most = 0;
        for (std::uint32_t i = 1; i <= 2048; ++i) {
            segments.push_back({1000, 0});
            rows += 1000;
            written += merge_all(segments, of_insert);
            if (i % between == 0) {
                written += merge_all(segments, of_vacuum);
                most = std::max(most, segments.size());
            }
        }
        EXPECT_LE(most, 12U) << between;
        EXPECT_LE(written, 6 * rows) << between;
        EXPECT_GE(segments.size(), 2U) << between;
    }
}

TEST(MergePolicy, SegmentsWithoutLiveRowsGo) {
    std::vector<SegmentSize> segments = {{1000, 0}, {7, 7}, {90'000'000, 90'000'000}};
    MergeLimits limits;
    limits.rows = 10;
    EXPECT_EQ(choose_merge(segments, limits), (std::vector<std::size_t>{1, 2}));
    EXPECT_EQ(merge_all(segments, limits), 0U);
    EXPECT_EQ(segments.size(), 1U);
}

TEST(MergePolicy, NothingIsDoneWithNothing) {
    EXPECT_TRUE(choose_merge({}, {}).empty());
    MergeLimits limits;
    limits.tidy = true;
    limits.segments = 0;
    EXPECT_TRUE(choose_merge({}, limits).empty());
    const std::vector<SegmentSize> one = {{5, 0}};
    EXPECT_TRUE(choose_merge(one, limits).empty());
}

}  // namespace
}  // namespace knowhow::search
