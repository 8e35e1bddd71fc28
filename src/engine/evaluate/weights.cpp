#include "engine/evaluate/weights.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <tuple>

#include "engine/base/hash.hpp"
#include "engine/evaluate/inference.hpp"
#include "engine/evaluate/metrics.hpp"
#include "engine/rank/signal_weights.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kKeptOfSignal = 100;
constexpr std::size_t kMetricAt = 10;
constexpr std::size_t kRounds = 3;
// Of a weight, as multiples of the largest of the others of which anybody has the signal: only
// proportions count.
constexpr std::array<double, 10> kWeightGrid = {0, .001, .01, .03, .1, .3, 1, 3, 10, 30};
constexpr double kLargestWeight = 1000;  // that a parameter may be
constexpr std::array<double, 8> kHalfLifeGrid = {.1, .3, 1, 3, 10, 30, 90, 365};

// The signals in the order of signal_weights(), whose last two are of freshness.
constexpr std::array<Signal, 5> kTimeless = {kCollaborative, kProfile, kLabels, kPopularity,
                                             kTrending};
constexpr std::size_t kFreshnessWeight = 5;
constexpr std::size_t kHalfLife = 6;
constexpr std::size_t kWeightCount = 7;
using Weights = std::array<double, kWeightCount>;

// Polls and keeps its pace, but shows no progress: what follows will.
class Unseen : public Monitor {
  public:
    explicit Unseen(Monitor& monitor) : monitor_(monitor) {}
    void poll() override { monitor_.poll(); }
    Pace pace() const override { return monitor_.pace(); }

  private:
    Monitor& monitor_;
};

// A pair of a person and a snippet that may be asked for.
struct Met {
    std::size_t pair;
    std::int64_t at;
    std::int64_t user;
    std::uint64_t hash;
};

// One person's question, with what could come up in its list.
struct Asked {
    struct Row {
        std::array<float, kTimeless.size()> values;  // each divided by its maximum
        float age;  // days more than the youngest candidate; -1: unknown
    };
    std::vector<Row> rows;             // by ascending id
    std::vector<std::size_t> relevant;  // of these
    bool decides;                      // of the half that decides
};

class Search {
  public:
    Search(const Archive& archive, const ReplayOptions& options,
           std::span<const std::uint8_t> held_out, std::int64_t moment, std::int64_t clock,
           Monitor& monitor, MemoryBudget& budget)
        : archive_(archive),
          options_(options),
          moment_(moment),
          clock_(clock),
          monitor_(monitor),
          budget_(budget),
          held_out_(&budget) {
        held_out_.assign(archive.pairs().size(), 0);
        std::copy(held_out.begin(), held_out.end(), held_out_.begin());
    }

    FoundWeights run() {
        FoundWeights found;
        found.ranking = options_.ranking;
        collect_met();
        if (!ask_at_end() && !ask_held_out()) {
            return found;
        }
        const Weights given = weights_of(options_.ranking);
        const Weights best = climb(given);
        const std::vector<double> before = values(given, true);
        const std::vector<double> after = values(best, true);
        const Difference difference = paired_difference(after, before);
        found.people = static_cast<std::int64_t>(before.size());
        for (std::size_t i = 0; i < before.size(); ++i) {
            found.before += before[i] / static_cast<double>(before.size());
            found.after += after[i] / static_cast<double>(after.size());
        }
        found.low = difference.low;
        found.high = difference.high;
        found.better = best != given && difference.low > 0;
        if (found.better) {
            for (std::size_t w = 0; w < kWeightCount; ++w) {
                signal_weights()[w].of(found.ranking) = best[w];
            }
        }
        return found;
    }

  private:
    static Weights weights_of(RankingOptions ranking) {
        Weights weights;
        for (std::size_t w = 0; w < kWeightCount; ++w) {
            weights[w] = signal_weights()[w].of(ranking);
        }
        return weights;
    }

    // Pairs whose rows before the moment add up to more than 0.
    void collect_met() {
        PollEvery poll(monitor_);
        std::pmr::vector<double> weight(archive_.pairs().size(), 0.0, &budget_);
        for (const ArchivedRow& row : archive_.rows()) {
            poll.step();
            if (row.at < moment_) {
                weight[static_cast<std::size_t>(row.pair)] += row.weight;
            }
        }
        for (std::size_t p = 0; p < weight.size(); ++p) {
            poll.step();
            const ArchivedPair& pair = archive_.pairs()[p];
            if (weight[p] > 0 && held_out_[p] == 0 && pair.snippet_index >= 0 &&
                pair.first_at < moment_) {
                met_.push_back({p, pair.first_at, pair.user,
                                hash_of(pair.user, pair.snippet, options_.fit.seed)});
            }
        }
    }

    std::size_t most_people() const {
        const std::size_t affordable =
            kMostScored / std::max<std::size_t>(archive_.snippets().size(), 1);
        return std::clamp(affordable, kFewestAsked, kMostAsked);
    }

    // False where there is no stretch of time, or too few people met something in it.
    bool ask_at_end() {
        std::vector<Met> timed;
        for (const Met& met : met_) {
            if (met.at != kAlways) {
                timed.push_back(met);
            }
        }
        std::sort(timed.begin(), timed.end(), [](const Met& l, const Met& r) {
            return std::tie(r.at, l.user, l.hash) < std::tie(l.at, r.user, r.hash);
        });
        std::set<std::int64_t> people;
        std::size_t taken = 0;
        while (taken < timed.size() / 5 && people.size() < most_people()) {
            people.insert(timed[taken++].user);
        }
        if (taken == 0) {
            return false;
        }
        const std::int64_t cut = timed[taken - 1].at;
        while (taken < timed.size() && timed[taken].at == cut) {
            people.insert(timed[taken++].user);
        }
        if (taken > timed.size() / 2 || people.size() < kFewestAsked) {
            return false;
        }
        timed.resize(taken);
        std::sort(timed.begin(), timed.end(), [](const Met& l, const Met& r) {
            return std::tie(l.user, l.hash) < std::tie(r.user, r.hash);
        });
        timed.erase(std::unique(timed.begin(), timed.end(),
                                [](const Met& l, const Met& r) { return l.user == r.user; }),
                    timed.end());
        Replay replay(archive_, options_, held_out_, monitor_, budget_);
        replay.train(cut, cut);
        for (const Met& met : few(timed)) {
            Question question;
            question.user = met.user;
            question.moment = question.clock = met.at;
            const std::int64_t snippet = archive_.pairs()[met.pair].snippet;
            ask(replay, question, std::span(&snippet, 1));
        }
        return enough();
    }

    // A quarter of what a person has met, one to three of those who have two or more.
    bool ask_held_out() {
        asked_.clear();
        std::vector<std::pair<std::uint64_t, std::vector<Met>>> people;
        for (std::size_t first = 0; first < met_.size();) {
            std::size_t last = first;
            while (last < met_.size() && met_[last].user == met_[first].user) {
                ++last;
            }
            if (last - first >= 2) {
                std::vector<Met> own(met_.begin() + static_cast<std::ptrdiff_t>(first),
                                     met_.begin() + static_cast<std::ptrdiff_t>(last));
                std::sort(own.begin(), own.end(),
                          [](const Met& l, const Met& r) { return l.hash < r.hash; });
                own.resize(std::clamp<std::size_t>(own.size() / 4, 1, 3));
                people.emplace_back(hash_of(own[0].user, 0, options_.fit.seed), std::move(own));
            }
            first = last;
        }
        if (people.size() < kFewestAsked) {
            return false;
        }
        std::sort(people.begin(), people.end(),
                  [](const auto& l, const auto& r) { return l.first < r.first; });
        people.resize(std::min(people.size(), most_people()));
        for (const auto& [hash, own] : people) {
            for (const Met& met : own) {
                held_out_[met.pair] = 1;
            }
        }
        Replay replay(archive_, options_, held_out_, monitor_, budget_);
        replay.train(moment_, clock_);
        for (const auto& [hash, own] : people) {
            Question question;
            question.user = own[0].user;
            question.moment = moment_;
            question.clock = clock_;
            std::vector<std::int64_t> relevant;
            for (const Met& met : own) {
                relevant.push_back(archive_.pairs()[met.pair].snippet);
            }
            ask(replay, question, relevant);
        }
        return enough();
    }

    // Of many people those of smallest hash.
    std::vector<Met> few(std::vector<Met> people) const {
        for (Met& met : people) {
            met.hash = hash_of(met.user, 0, options_.fit.seed);
        }
        std::sort(people.begin(), people.end(),
                  [](const Met& l, const Met& r) { return l.hash < r.hash; });
        people.resize(std::min(people.size(), most_people()));
        return people;
    }

    bool enough() const { return asked_.size() >= kFewestAsked; }

    void ask(Replay& replay, const Question& question, std::span<const std::int64_t> relevant) {
        monitor_.poll();
        replay.score(question, [&](const Ranking& ranking) { keep(ranking, relevant); });
    }

    // Keeps the best of each signal: what is far down in all of them comes up in no weighted sum.
    void keep(const Ranking& ranking, std::span<const std::int64_t> relevant) {
        std::vector<const Candidate*> all;
        for (const Candidate& candidate : ranking.candidates()) {
            all.push_back(&candidate);
        }
        std::set<std::pair<std::int64_t, const Candidate*>> kept;
        std::array<double, kTimeless.size()> largest;
        const auto keep_best = [&](auto value) {
            const auto most = static_cast<std::ptrdiff_t>(std::min(all.size(), kKeptOfSignal));
            std::partial_sort(all.begin(), all.begin() + most, all.end(),
                              [&](const Candidate* l, const Candidate* r) {
                                  return value(*l) != value(*r) ? value(*l) > value(*r)
                                                                : l->id < r->id;
                              });
            for (const Candidate* candidate : std::span(all).first(static_cast<std::size_t>(most))) {
                if (value(*candidate) > 0) {
                    kept.emplace(candidate->id, candidate);
                }
            }
            return all.empty() ? 0.0 : value(*all[0]);
        };
        for (std::size_t s = 0; s < kTimeless.size(); ++s) {
            largest[s] = std::max(
                keep_best([&](const Candidate& c) { return c.signals[kTimeless[s]]; }),
                ranking.largest_known(kTimeless[s]));
        }
        keep_best([](const Candidate& c) { return c.age >= 0 ? 1 / (1 + c.age) : 0; });
        double youngest = std::numeric_limits<double>::infinity();
        for (const Candidate* candidate : all) {
            if (candidate->age >= 0) {
                youngest = std::min(youngest, candidate->age);
            }
            if (std::find(relevant.begin(), relevant.end(), candidate->id) != relevant.end()) {
                kept.emplace(candidate->id, candidate);
            }
        }
        Asked asked;
        for (const auto& [id, candidate] : kept) {
            Asked::Row& row = asked.rows.emplace_back();
            for (std::size_t s = 0; s < kTimeless.size(); ++s) {
                row.values[s] =
                    largest[s] > 0
                        ? static_cast<float>(candidate->signals[kTimeless[s]] / largest[s])
                        : 0;
            }
            row.age = candidate->age < 0 ? -1 : static_cast<float>(candidate->age - youngest);
            if (std::find(relevant.begin(), relevant.end(), id) != relevant.end()) {
                asked.relevant.push_back(asked.rows.size() - 1);
            }
        }
        if (!asked.relevant.empty()) {
            for (const Asked::Row& row : asked.rows) {
                for (std::size_t s = 0; s < kTimeless.size(); ++s) {
                    is_there_[s] = is_there_[s] || row.values[s] != 0;
                }
                is_there_[kFreshnessWeight] = is_there_[kFreshnessWeight] || row.age >= 0;
            }
            asked.decides = asked_.size() % 2 == 1;
            asked_.push_back(std::move(asked));
        }
    }

    // nDCG@10 of each person of one half.
    std::vector<double> values(const Weights& weights, bool decides) {
        std::vector<double> result;
        std::vector<double> scores;
        std::vector<std::size_t> ranks;
        for (const Asked& asked : asked_) {
            if (asked.decides != decides) {
                continue;
            }
            monitor_.poll();
            scores.clear();
            for (const Asked::Row& row : asked.rows) {
                double score = 0;
                for (std::size_t s = 0; s < kTimeless.size(); ++s) {
                    score += weights[s] * static_cast<double>(row.values[s]);
                }
                if (row.age >= 0) {
                    score += weights[kFreshnessWeight] *
                             freshness(static_cast<double>(row.age), weights[kHalfLife]);
                }
                scores.push_back(score);
            }
            ranks.clear();
            for (std::size_t r : asked.relevant) {
                std::size_t rank = 1;
                for (std::size_t c = 0; c < scores.size(); ++c) {
                    rank += scores[c] > scores[r] || (scores[c] == scores[r] && c < r) ? 1 : 0;
                }
                ranks.push_back(rank);
            }
            std::sort(ranks.begin(), ranks.end());
            result.push_back(list_metrics(ranks, ranks.size(), kMetricAt).ndcg);
        }
        return result;
    }

    bool is_fixed(std::size_t weight) const {
        return (options_.fixed_weights >> weight & 1U) != 0;
    }

    Weights climb(Weights current) {
        std::vector<double> present = values(current, false);
        for (std::size_t round = 0; round < kRounds; ++round) {
            const Weights before = current;
            for (std::size_t w = 0; w <= kFreshnessWeight; ++w) {
                step(w, current, present);
            }
            if (current == before) {
                break;
            }
        }
        return current;
    }

    // Takes the best value of the grid for one weight, if it is better beyond one standard error.
    void step(std::size_t w, Weights& current, std::vector<double>& present) {
        const bool fresh = w == kFreshnessWeight;
        Weights best = current;
        std::vector<double> best_values = present;
        double best_mean = 0;
        const auto consider = [&](const Weights& weights) {
            std::vector<double> tried = values(weights, false);
            const Difference difference = paired_difference(tried, present);
            if (difference.mean > best_mean) {
                best = weights;
                best_mean = difference.mean;
                best_values = std::move(tried);
            }
        };
        double others = 0;
        for (std::size_t other = 0; other <= kFreshnessWeight; ++other) {
            others = std::max(others, other == w || !is_there_[other] ? 0 : current[other]);
        }
        for (double multiple : kWeightGrid) {
            Weights weights = current;
            if (!is_fixed(w)) {
                weights[w] = multiple * (others > 0 ? others : 1);
            }
            if (weights[w] > kLargestWeight) {
                continue;
            }
            if (!fresh || is_fixed(kHalfLife)) {
                consider(weights);
                continue;
            }
            for (double half_life : kHalfLifeGrid) {
                weights[kHalfLife] = half_life;
                consider(weights);
            }
        }
        // The interval reaches 1.96 standard errors to each side.
        const Difference difference = paired_difference(best_values, present);
        const double error = (difference.high - difference.mean) / 1.96;
        if (difference.mean > error) {
            current = best;
            present = std::move(best_values);
        }
    }

    const Archive& archive_;
    const ReplayOptions& options_;
    const std::int64_t moment_;
    const std::int64_t clock_;
    Unseen monitor_;
    MemoryBudget& budget_;
    std::pmr::vector<std::uint8_t> held_out_;  // by pair
    std::vector<Met> met_;                     // by user
    std::vector<Asked> asked_;
    std::array<bool, kFreshnessWeight + 1> is_there_{};  // by weight: if any row has the signal
};

}  // namespace

FoundWeights find_weights(const Archive& archive, const ReplayOptions& options,
                          std::span<const std::uint8_t> held_out, std::int64_t moment,
                          std::int64_t clock, Monitor& monitor, MemoryBudget& budget) {
    return Search(archive, options, held_out, moment, clock, monitor, budget).run();
}

}  // namespace knowhow
