#include "engine/evaluate/inference.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "engine/base/error.hpp"
#include "engine/base/random.hpp"

namespace knowhow {
namespace {

constexpr double kNormal95 = 1.959963984540054;

double mean_of(std::span<const double> values) {
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

}  // namespace

MeanInterval bootstrap_mean(std::span<const double> values, std::uint64_t seed, int resamples,
                            double level, Monitor& monitor, MemoryBudget& budget) {
    if (resamples < 1) {
        throw Error(ErrorCode::kInvalidArgument,
                    "resamples must be at least 1, not " + std::to_string(resamples));
    }
    if (!(level > 0 && level < 1)) {
        throw Error(ErrorCode::kInvalidArgument,
                    "level must lie between 0 and 1, not " + std::to_string(level));
    }
    if (values.empty()) {
        return {0, 0, 0};
    }
    SplitMix64 random(seed);
    PollEvery poll(monitor, 65536);
    std::pmr::vector<double> means(&budget);
    means.reserve(static_cast<std::size_t>(resamples));
    for (int resample = 0; resample < resamples; ++resample) {
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            sum += values[random.below(values.size())];
            poll.step();
        }
        means.push_back(sum / static_cast<double>(values.size()));
    }
    std::sort(means.begin(), means.end());
    // The tiny step keeps 0.025 × 1000 = 25.000000000000021 at rank 25.
    const auto at = [&](double share) {
        const double rank = std::ceil(share * resamples - 1e-9);
        return means[static_cast<std::size_t>(std::clamp(rank, 1.0, double(resamples))) - 1];
    };
    return {mean_of(values), at((1 - level) / 2), at((1 + level) / 2)};
}

Difference paired_difference(std::span<const double> newer, std::span<const double> older) {
    if (newer.size() != older.size()) {
        throw Error(ErrorCode::kInvalidArgument, "cannot pair " + std::to_string(newer.size()) +
                                                     " people with " +
                                                     std::to_string(older.size()));
    }
    const std::size_t n = newer.size();
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        sum += newer[i] - older[i];
    }
    const double mean = n == 0 ? 0 : sum / static_cast<double>(n);
    if (n < 2) {
        return {mean, mean, mean, 1};
    }
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const double deviation = newer[i] - older[i] - mean;
        squares += deviation * deviation;
    }
    const auto count = static_cast<double>(n);
    const double error = std::sqrt(squares / (count - 1) / count);
    double p = mean == 0 ? 1 : 0;
    if (error > 0) {
        p = std::erfc(std::abs(mean) / error / std::numbers::sqrt2);
    }
    return {mean, mean - kNormal95 * error, mean + kNormal95 * error, p};
}

std::vector<double> holm(std::span<const double> p_values) {
    for (double p : p_values) {
        if (!(p >= 0 && p <= 1)) {
            throw Error(ErrorCode::kInvalidArgument,
                        "a p value lies between 0 and 1, not " + std::to_string(p));
        }
    }
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
        return p_values[left] != p_values[right] ? p_values[left] < p_values[right] : left < right;
    });
    std::vector<double> adjusted(p_values.size());
    double largest = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        largest = std::max(largest, p_values[order[i]] * static_cast<double>(order.size() - i));
        adjusted[order[i]] = std::min(1.0, largest);
    }
    return adjusted;
}

}  // namespace knowhow
