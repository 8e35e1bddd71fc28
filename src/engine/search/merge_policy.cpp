#include "engine/search/merge_policy.hpp"

#include <algorithm>
#include <numeric>

namespace knowhow::search {
namespace {

constexpr std::uint32_t kCompactPart = 5;  // compacted when more than one in so many is deleted

std::uint32_t live(const SegmentSize& size) {
    return size.rows - std::min(size.rows, size.deleted);
}

// Of live rows: a segment shrinks into the tier below as its rows are deleted.
int tier(const SegmentSize& size) {
    int tier = 0;
    for (std::uint64_t most = kFirstTierRows; live(size) > most; most *= kMergeFactor) {
        ++tier;
    }
    return tier;
}

}  // namespace

std::vector<std::size_t> choose_merge(std::span<const SegmentSize> segments,
                                      const MergeLimits& limits) {
    // The smallest first, so that what is taken from the front is the cheapest.
    std::vector<std::size_t> order(segments.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return live(segments[a]) < live(segments[b]);
    });
    // Of the first `count` of order[from, ...) as many as may be merged together.
    auto take = [&](std::size_t from, std::size_t count) {
        std::vector<std::size_t> taken;
        std::uint64_t rows = 0;
        for (std::size_t i = from; i < from + count; ++i) {
            if (segments[order[i]].rows <= limits.rows - rows) {
                rows += segments[order[i]].rows;
                taken.push_back(order[i]);
            }
        }
        std::sort(taken.begin(), taken.end());
        return taken;
    };
    std::size_t empty = 0;
    while (empty < order.size() && live(segments[order[empty]]) == 0) {
        ++empty;
    }
    if (empty > 0) {
        std::vector<std::size_t> all(order.begin(), order.begin() + static_cast<long>(empty));
        std::sort(all.begin(), all.end());
        return all;  // costs nothing
    }
    for (std::size_t from = 0; from < order.size();) {
        std::size_t to = from;
        while (to < order.size() && tier(segments[order[to]]) == tier(segments[order[from]])) {
            ++to;
        }
        if (to - from >= kMergeFactor) {
            std::vector<std::size_t> taken = take(from, to - from);
            if (taken.size() >= 2) {
                return taken;
            }
        }
        from = to;
    }
    if (segments.size() >= limits.segments) {
        std::vector<std::size_t> taken = take(0, std::min(kMergeFactor, order.size()));
        if (taken.size() >= 2) {
            return taken;
        }
    }
    if (limits.tidy) {
        std::uint64_t all = 0;
        for (const SegmentSize& size : segments) {
            all += live(size);
        }
        std::size_t count = 0;
        std::uint64_t rows = 0;
        for (std::size_t i = 0; i < order.size(); ++i) {
            const std::uint32_t more = live(segments[order[i]]);
            if (rows + more > all / kTidyPart) {
                break;
            }
            if (i > 0 && more <= rows) {
                count = i + 1;
            }
            rows += more;
        }
        std::vector<std::size_t> taken = take(0, count);
        if (taken.size() >= 2) {
            return taken;
        }
        for (std::size_t i : order) {
            if (segments[i].deleted > segments[i].rows / kCompactPart &&
                segments[i].rows <= limits.rows) {
                return {i};
            }
        }
    }
    return {};
}

}  // namespace knowhow::search
