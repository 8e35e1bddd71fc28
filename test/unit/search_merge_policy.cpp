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
    limits.rows = 50'000;
    EXPECT_TRUE(choose_merge(segments, limits).empty());
    limits.rows = 80'000;
    EXPECT_EQ(choose_merge(segments, limits).size(), 8U);
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
    limits.compact = true;
    EXPECT_EQ(merge_all(segments, limits), 799U);
    EXPECT_TRUE(choose_merge(segments, limits).empty());
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
    limits.compact = true;
    limits.segments = 0;
    EXPECT_TRUE(choose_merge({}, limits).empty());
    const std::vector<SegmentSize> one = {{5, 0}};
    EXPECT_TRUE(choose_merge(one, limits).empty());
}

}  // namespace
}  // namespace knowhow::search
