#include "engine/evaluate/catalogue.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>

#include "engine/base/error.hpp"
#include "engine/sparse/arithmetic.hpp"

namespace knowhow {
namespace {

[[noreturn]] void out_of_range(std::int32_t position, std::size_t snippets) {
    throw Error(ErrorCode::kInvalidArgument, "there is no position " + std::to_string(position) +
                                                 " among " + std::to_string(snippets) +
                                                 " snippets");
}

}  // namespace

void Impressions::add(std::span<const std::int32_t> list) {
    for (std::int32_t position : list) {
        if (position < 0 || static_cast<std::size_t>(position) >= shown_.size()) {
            out_of_range(position, shown_.size());
        }
        ++shown_[static_cast<std::size_t>(position)];
    }
}

double Impressions::coverage() const {
    if (shown_.empty()) {
        return 0;
    }
    const auto ever =
        std::count_if(shown_.begin(), shown_.end(), [](std::int64_t count) { return count > 0; });
    return static_cast<double>(ever) / static_cast<double>(shown_.size());
}

double Impressions::concentration(double share) const {
    if (!(share >= 0 && share <= 1)) {
        throw Error(ErrorCode::kInvalidArgument,
                    "a share of the snippets lies between 0 and 1, not " + std::to_string(share));
    }
    std::pmr::vector<std::int64_t> sorted(shown_, shown_.get_allocator());
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    // The tiny step keeps 0.01 × 300, which is a hair above 3, at 3.
    const auto top = static_cast<std::size_t>(
        std::max(0.0, std::ceil(share * static_cast<double>(sorted.size()) - 1e-9)));
    const auto zero = std::int64_t{0};
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(top);
    const std::int64_t most = std::accumulate(sorted.begin(), middle, zero);
    const std::int64_t all = std::accumulate(middle, sorted.end(), most);
    return all == 0 ? 0 : static_cast<double>(most) / static_cast<double>(all);
}

double novelty(std::span<const std::int32_t> list, std::span<const std::int64_t> had,
               std::int64_t people) {
    double sum = 0;
    for (std::int32_t position : list) {
        if (position < 0 || static_cast<std::size_t>(position) >= had.size()) {
            out_of_range(position, had.size());
        }
        sum -= std::log2((1 + static_cast<double>(had[static_cast<std::size_t>(position)])) /
                         (1 + static_cast<double>(people)));
    }
    return list.empty() ? 0 : sum / static_cast<double>(list.size());
}

double intra_list_diversity(std::span<const VectorView> contents, Monitor& monitor) {
    if (contents.size() < 2) {
        return 0;
    }
    double sum = 0;
    PollEvery poll(monitor, 1024);
    for (std::size_t i = 0; i < contents.size(); ++i) {
        for (std::size_t j = i + 1; j < contents.size(); ++j) {
            poll.step();
            sum += contents[i].empty() || contents[j].empty()
                       ? 1
                       : cosine_distance(contents[i], contents[j]);
        }
    }
    const auto n = static_cast<double>(contents.size());
    return sum / (n * (n - 1) / 2);
}

std::pmr::vector<std::uint8_t> popularity_thirds(std::span<const std::int64_t> had,
                                                 MemoryBudget& budget) {
    std::pmr::vector<std::size_t> order(had.size(), &budget);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
        return had[left] != had[right] ? had[left] < had[right] : left < right;
    });
    const double all =
        static_cast<double>(std::accumulate(had.begin(), had.end(), std::int64_t{0}));
    std::pmr::vector<std::uint8_t> thirds(had.size(), std::uint8_t{0}, &budget);
    double below = 0;
    for (std::size_t position : order) {
        const auto count = static_cast<double>(had[position]);
        const double middle = below + count / 2;
        if (count > 0) {
            thirds[position] =
                static_cast<std::uint8_t>(std::min(2.0, std::floor(3 * middle / all)));
        }
        below += count;
    }
    return thirds;
}

}  // namespace knowhow
