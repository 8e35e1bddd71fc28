// A recommender measured on its own history: what is held out, what is asked, what came of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/evaluate/archive.hpp"
#include "engine/evaluate/inference.hpp"
#include "engine/evaluate/replay.hpp"

namespace knowhow {

// What counts as relevant is a pair of a person and a snippet whose weights add up to more than 0.
enum class Split {
    // A global cut in time: at each pair's first meeting after it the person is asked once, with
    // rows as of that moment, the query that was logged with it, and a model trained at the last
    // whole interval since the cut.
    kReplay,
    // A global cut: one model and one list a person, of what existed at the cut.
    kTime,
    // The newest pair of each person with two or more is held out; of nobody else anything.
    kLeaveOneOut,
    // Each pair is held out with the chance test_share, by a hash of it and the seed.
    kRandom,
    // The newest test_share of each person's pairs (at least one, of two or more).
    kPersonTime,
    // As kLeaveOneOut, but ranked among `negatives` random snippets that the person has not met.
    kSampledNegatives,
};

// Throws Error(kInvalidArgument) for an unknown name; the hint lists the known ones.
Split parse_split(std::string_view name);
std::string_view split_name(Split split);
// What the split lets the recommender know that it could not have known; empty for nothing.
std::string_view split_leak(Split split);

struct EvaluationOptions {
    Split split = Split::kReplay;
    double test_share = .2;          // in (0, 1)
    // kReplay and kTime: 0, or in (0, 1): what is asked is this share of what first met before the
    // test's stretch, the last of it, and nothing from the test's cut on counts anywhere. Choices
    // are made by it, and the test stays unread.
    double validation_share = 0;
    std::int64_t retrain_every = 0;  // kReplay: microseconds, > 0
    std::int64_t clock = 0;          // now: ages count up to it where a split has no moments
    std::uint64_t seed = 0;
    std::int32_t negatives = 100;
    // kReplay: at most so many questions, those of smallest hash with the seed; 0: all.
    std::size_t most_questions = 0;
    std::vector<std::size_t> k;  // ascending
    int resamples = 1000;
};

// What a split by time asks.
struct Stretch {
    std::int64_t cut = kAlways;      // what was before it is known
    std::vector<std::size_t> pairs;  // first met since then, in the order of time, ids breaking ties
};

// Without pairs where there are none with times.
Stretch stretch_of(const Archive& archive, const EvaluationOptions& options);

// One question and what came of it.
struct Outcome {
    std::int64_t user;
    std::int64_t moment;
    bool has_query;
    std::size_t candidates;
    std::vector<std::int32_t> relevant;  // snippets by index, ascending
    std::vector<std::size_t> ranks;      // of those that are candidates, ascending
    std::vector<std::int32_t> shown;     // the first max(k)
    std::vector<double> novelty;         // for each k
    std::vector<double> diversity;
    // For each third by popularity: how many are relevant, and how many of these are in the first
    // k.
    std::size_t relevant_in[3] = {};
    std::vector<std::size_t> hits_in[3];
};

// Asks all questions in a fixed order. Throws Error(kInvalidArgument) where the split needs times
// and there are none, or nobody is left to test. Progress: questions. Memory from the budget for
// rows and models; an outcome takes some 24 max(k) bytes besides.
std::vector<Outcome> ask_all(const Archive& archive, const ReplayOptions& replay,
                             const EvaluationOptions& options, Monitor& monitor,
                             MemoryBudget& budget);

struct Figure {
    std::string metric;
    std::string part;  // of whom or what; empty: of all
    std::size_t k;
    double value;
    double low, high;  // equal to value where has_interval is false
    bool has_interval;
    std::int64_t n;  // people; of exposure, snippets
};

// Means per person (of that person's questions first), with 95 % bootstrap intervals over people.
std::vector<Figure> summarise(const Archive& archive, std::span<const Outcome> outcomes,
                              const EvaluationOptions& options, Monitor& monitor,
                              MemoryBudget& budget);

// A metric's means of people, for comparing: ndcg, recall, precision, hit_rate, map or mrr.
// Throws Error(kInvalidArgument) for another name.
struct PersonValues {
    std::int64_t user;
    std::vector<double> values;  // for each k
};
// By ascending user.
std::vector<PersonValues> values_of_people(std::span<const Outcome> outcomes,
                                           std::string_view metric,
                                           const EvaluationOptions& options);

struct Comparison {
    std::size_t first, second;  // which of those compared
    std::size_t k;
    Difference difference;  // first - second
    double adjusted_p;      // over all comparisons of the call
    std::int64_t people;    // who were asked about both
};

// Every pair of those compared, at every k, paired by person.
std::vector<Comparison> compare_all(std::span<const std::vector<PersonValues>> compared,
                                    const std::vector<std::size_t>& k);

}  // namespace knowhow
