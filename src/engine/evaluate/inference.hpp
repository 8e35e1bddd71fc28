// How sure a mean over people is, and whether two recommenders differ beyond chance.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"

namespace knowhow {

struct MeanInterval {
    double mean;
    double low;
    double high;
};

// The mean of one value a person, with the percentile bootstrap interval over people (Efron and
// Tibshirani 1993, "An introduction to the bootstrap", chapter 13): `resamples` times as many
// people are drawn with replacement, and of the sorted means those at ranks
// ceil((1 - level) / 2 · resamples) and ceil((1 + level) / 2 · resamples) are the ends. The same
// bits for the same values, order and seed on every machine: the generator is SplitMix64
// (Steele, Lea and Flood 2014), one draw a person. Values are finite. All 0 for nobody.
// Throws Error(kInvalidArgument) unless resamples >= 1 and 0 < level < 1.
// Time: people × resamples; 8 bytes a resample.
MeanInterval bootstrap_mean(std::span<const double> values, std::uint64_t seed, int resamples,
                            double level, Monitor& monitor, MemoryBudget& budget);

struct Difference {
    double mean;       // of new - old
    double low, high;  // 95 % normal interval of the mean
    double p;          // two-sided, of the normal test that the mean is 0; 1 below two people
};

// Paired by person: newer[i] and older[i] are the same person's. The normal interval mean ± 1.96
// standard errors, the standard deviation with n - 1 (Student 1908's pairing; for rankings:
// Smucker, Allan and Carterette 2007, "A comparison of statistical significance tests for
// information retrieval evaluation"). Where all differences are equal the interval is that point,
// and p is 0, or 1 if they are 0. Throws Error(kInvalidArgument) if the lengths differ.
Difference paired_difference(std::span<const double> newer, std::span<const double> older);

// Adjusted p values in the order given: rejecting those at most α keeps the chance of even one
// false rejection at α or less (Holm 1979, "A simple sequentially rejective multiple test
// procedure"). Throws Error(kInvalidArgument) for a value outside 0 to 1.
std::vector<double> holm(std::span<const double> p_values);

}  // namespace knowhow
