#include "engine/rank/exploration.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "engine/base/error.hpp"
#include "engine/base/random.hpp"

namespace knowhow {
namespace {

constexpr unsigned kPollSteps = 65536;

// E[value(B)] for B binomial of `trials` at `share`: from the most probable number of successes
// outwards, each probability from the one before, so that none overflows.
template <typename Value>
double expectation(std::size_t trials, double share, Value value) {
    if (share <= 0 || share >= 1) {
        return value(share <= 0 ? 0 : trials);
    }
    const double odds = share / (1 - share);
    const std::size_t mode = std::min(
        trials, static_cast<std::size_t>(static_cast<double>(trials + 1) * share));
    double total = 1;
    double sum = value(mode);
    double mass = 1;
    for (std::size_t b = mode; b < trials && mass > 1e-20; ++b) {
        mass *= static_cast<double>(trials - b) / static_cast<double>(b + 1) * odds;
        total += mass;
        sum += mass * value(b + 1);
    }
    mass = 1;
    for (std::size_t b = mode; b > 0 && mass > 1e-20; --b) {
        mass *= static_cast<double>(b) / static_cast<double>(trials - b + 1) / odds;
        total += mass;
        sum += mass * value(b - 1);
    }
    return sum / total;
}

struct Probabilities {
    double kept;      // of a candidate at its own rank by merit
    double moved;     // at another one, of the list
    double promoted;  // of a candidate behind the list, at any one rank
    double listed;    // of a candidate of the list, at any rank at all
};

Probabilities probabilities(std::size_t length, std::size_t candidates, double share) {
    const std::size_t behind = candidates - length;
    Probabilities result = {};
    // Given up besides: one rank, or two, and `others`.
    const double one = expectation(length - 1, share, [=](std::size_t others) {
        return 1 / static_cast<double>(behind + 1 + others);
    });
    result.promoted = share * one;
    result.kept = 1 - share + share * one;
    result.listed = 1 - share + share * expectation(length - 1, share, [=](std::size_t others) {
                        return static_cast<double>(1 + others) /
                               static_cast<double>(behind + 1 + others);
                    });
    if (length > 1) {
        result.moved =
            share * share * expectation(length - 2, share, [=](std::size_t others) {
                return 1 / static_cast<double>(behind + 2 + others);
            });
    }
    return result;
}

}  // namespace

std::pmr::vector<Drawn> explore(std::size_t length, std::size_t candidates, double share,
                                std::uint64_t seed, Monitor& monitor, MemoryBudget& budget) {
    if (!(share >= 0 && share <= 1)) {
        throw Error(ErrorCode::kInvalidArgument, "explore cannot be " + std::to_string(share),
                    "It is the share of ranks that are drawn by chance, from 0 to 1.");
    }
    if (length > candidates || candidates >= UINT32_MAX) {
        throw Error(ErrorCode::kInvalidArgument,
                    "cannot draw a list of " + std::to_string(length) + " from " +
                        std::to_string(candidates) + " candidates");
    }
    std::pmr::vector<Drawn> list(length, Drawn{}, &budget);
    if (length == 0) {
        return list;
    }
    PollEvery poll(monitor, kPollSteps);
    const Probabilities probability = probabilities(length, candidates, share);
    SplitMix64 random(seed);
    std::pmr::vector<std::size_t> pool(&budget);
    pool.reserve(candidates);
    for (std::size_t rank = 0; rank < length; ++rank) {
        list[rank].candidate = rank;
        list[rank].by_chance = random.unit() < share;
        if (list[rank].by_chance) {
            pool.push_back(rank);
        }
    }
    for (std::size_t candidate = length; candidate < candidates; ++candidate) {
        pool.push_back(candidate);
        poll.step();
    }
    for (std::size_t rank = 0; rank < length; ++rank) {
        poll.step();
        Drawn& drawn = list[rank];
        if (drawn.by_chance) {
            const std::size_t taken = random.below(pool.size());
            drawn.candidate = pool[taken];
            pool[taken] = pool.back();
            pool.pop_back();
        }
        const bool behind = drawn.candidate >= length;
        drawn.propensity = behind                    ? probability.promoted
                           : drawn.candidate == rank ? probability.kept
                                                     : probability.moved;
        drawn.anywhere = behind ? probability.promoted * static_cast<double>(length)
                                : probability.listed;
    }
    return list;
}

}  // namespace knowhow
