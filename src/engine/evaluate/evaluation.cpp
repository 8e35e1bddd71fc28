#include "engine/evaluate/evaluation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>
#include <unordered_map>

#include "engine/base/error.hpp"
#include "engine/base/hash.hpp"
#include "engine/evaluate/catalogue.hpp"
#include "engine/evaluate/inference.hpp"
#include "engine/evaluate/metrics.hpp"
#include "engine/evaluate/weights.hpp"

namespace knowhow {
namespace {

struct Named {
    Split split;
    std::string_view name;
    std::string_view leak;
};

constexpr std::array<Named, 6> kSplits = {{
    {Split::kReplay, "replay", ""},
    {Split::kTime, "time", ""},
    {Split::kLeaveOneOut, "leave_one_out", "other people's future"},
    {Split::kRandom, "random", "the future, of others and the person's own"},
    {Split::kPersonTime, "person_time", "other people's future: for comparison with papers only"},
    {Split::kSampledNegatives, "sampled_negatives",
     "other people's future, and ranks among few: for comparison with papers only"},
}};

const Named& named(Split split) {
    return *std::find_if(kSplits.begin(), kSplits.end(),
                         [=](const Named& n) { return n.split == split; });
}

std::uint64_t hash_of_pair(const ArchivedPair& pair, std::uint64_t seed) noexcept {
    return hash_of(pair.user, pair.snippet, seed);
}

bool is_relevant(const ArchivedPair& pair) noexcept {
    return pair.weight > 0 && pair.snippet_index >= 0;
}

// The moment before which that share of what the pairs, by time, first met lies.
std::int64_t cut_at(const Archive& archive, std::span<const std::size_t> timed, double share) {
    const auto at = static_cast<std::size_t>(share * static_cast<double>(timed.size()));
    return archive.pairs()[timed[std::min(at, timed.size() - 1)]].first_at;
}

// Of each pair, the weight of its rows before the moment.
std::vector<double> weights_before(const Archive& archive, std::int64_t moment) {
    std::vector<double> weights(archive.pairs().size(), 0.0);
    for (const ArchivedRow& row : archive.rows()) {
        if (row.at < moment) {
            weights[static_cast<std::size_t>(row.pair)] += row.weight;
        }
    }
    return weights;
}

// Keeps the questions of smallest hash, in their order.
void sample_questions(const Archive& archive, const EvaluationOptions& options,
                      std::vector<std::size_t>& pairs) {
    if (options.most_questions == 0 || pairs.size() <= options.most_questions) {
        return;
    }
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    order.reserve(pairs.size());
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        order.emplace_back(hash_of_pair(archive.pairs()[pairs[i]], options.seed), i);
    }
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(options.most_questions);
    std::nth_element(order.begin(), end, order.end());
    std::vector<bool> chosen(pairs.size(), false);
    std::for_each(order.begin(), end, [&](const auto& entry) { chosen[entry.second] = true; });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        if (chosen[i]) {
            pairs[kept++] = pairs[i];
        }
    }
    pairs.resize(kept);
}

[[noreturn]] void nobody(Split split) {
    throw Error(ErrorCode::kInvalidArgument,
                "split \"" + std::string(split_name(split)) + "\" leaves nobody to test",
                "It takes people with interactions of a positive weight, and with some before "
                "those that are held out.");
}

class Asking {
  public:
    Asking(const Archive& archive, const ReplayOptions& replay, const EvaluationOptions& options,
           Monitor& monitor, MemoryBudget& budget)
        : archive_(archive),
          options_of_replay_(replay),
          options_(options),
          monitor_(monitor),
          budget_(budget),
          held_out_(options.split == Split::kReplay || options.split == Split::kTime
                        ? 0
                        : archive.pairs().size(),
                    0, &budget),
          replay_(archive, replay, chosen(), monitor, budget),
          thirds_(&budget) {}

    std::vector<Outcome> run() {
        switch (options_.split) {
            case Split::kReplay:
                replay_history();
                break;
            case Split::kTime:
                ask_at_cut();
                break;
            default:
                ask_held_out();
        }
        if (outcomes_.empty()) {
            nobody(options_.split);
        }
        return std::move(outcomes_);
    }

  private:
    // Chooses what is held out, for the replay that reads it.
    std::span<const std::uint8_t> chosen() {
        for (std::size_t first = 0; first < held_out_.size();) {
            const std::int64_t user = archive_.pairs()[first].user;
            std::size_t last = first;
            std::vector<std::size_t> own;
            for (; last < held_out_.size() && archive_.pairs()[last].user == user; ++last) {
                if (is_relevant(archive_.pairs()[last])) {
                    own.push_back(last);
                }
            }
            hold_out(own);
            first = last;
        }
        return held_out_;
    }

    void hold_out(std::vector<std::size_t>& own) {
        if (options_.split == Split::kRandom) {
            for (std::size_t p : own) {
                // The upper 53 bits as a number in [0, 1).
                const std::uint64_t hash = hash_of_pair(archive_.pairs()[p], options_.seed);
                const double chance = std::ldexp(static_cast<double>(hash >> 11U), -53);
                held_out_[p] = chance < options_.test_share ? 1 : 0;
            }
            return;
        }
        if (own.size() < 2) {
            return;
        }
        std::sort(own.begin(), own.end(), [this](std::size_t l, std::size_t r) {
            const ArchivedPair& left = archive_.pairs()[l];
            const ArchivedPair& right = archive_.pairs()[r];
            return left.first_at != right.first_at
                       ? left.first_at < right.first_at
                       : hash_of_pair(left, options_.seed) < hash_of_pair(right, options_.seed);
        });
        std::size_t count = 1;
        if (options_.split == Split::kPersonTime) {
            const double share = options_.test_share * static_cast<double>(own.size());
            count = std::clamp<std::size_t>(static_cast<std::size_t>(share), 1, own.size() - 1);
        }
        for (std::size_t i = own.size() - count; i < own.size(); ++i) {
            held_out_[own[i]] = 1;
        }
    }

    // Throws where there is nothing to ask.
    Stretch stretch() const {
        Stretch stretch = stretch_of(archive_, options_);
        if (stretch.pairs.empty()) {
            throw Error(ErrorCode::kInvalidArgument,
                        "split \"" + std::string(split_name(options_.split)) +
                            "\" needs interactions with times, and there are none",
                        "Give occurred_at, or choose the split leave_one_out or random.");
        }
        return stretch;
    }

    // Weights are found once, at the first training: what is held out comes later, or is left out.
    void train(std::int64_t moment) {
        const std::int64_t clock = moment == kLater ? options_.clock : moment;
        if (options_of_replay_.seek_weights && !weighed_) {
            replay_.rank_without_query_by(
                find_weights(archive_, options_of_replay_, held_out_, moment, clock, monitor_,
                             budget_)
                    .ranking);
            weighed_ = true;
        }
        replay_.train(moment, clock);
        thirds_ = popularity_thirds(replay_.had(), budget_);
    }

    void replay_history() {
        const auto [cut, asked] = stretch();
        std::int64_t trained = cut;
        train(trained);
        for (std::size_t i = 0; i < asked.size(); ++i) {
            const ArchivedPair& pair = archive_.pairs()[asked[i]];
            // Unsigned: the ends of time are further apart than a signed number holds.
            const auto every = static_cast<std::uint64_t>(options_.retrain_every);
            const auto since =
                static_cast<std::uint64_t>(pair.first_at) - static_cast<std::uint64_t>(cut);
            const auto due =
                static_cast<std::int64_t>(static_cast<std::uint64_t>(cut) + since / every * every);
            if (due > trained) {
                trained = due;
                train(trained);
            }
            ask(pair.user, pair.first_at, pair.first_at, {pair.snippet_index}, {},
                archive_.query_of(asked[i]));
            monitor_.progress(static_cast<std::int64_t>(i + 1),
                              static_cast<std::int64_t>(asked.size()));
        }
    }

    void ask_at_cut() {
        auto [cut, asked] = stretch();
        std::sort(asked.begin(), asked.end());  // by user
        train(cut);
        for (std::size_t first = 0; first < asked.size();) {
            const std::int64_t user = archive_.pairs()[asked[first]].user;
            std::vector<std::int32_t> relevant;
            for (; first < asked.size() && archive_.pairs()[asked[first]].user == user; ++first) {
                const std::int32_t snippet = archive_.pairs()[asked[first]].snippet_index;
                if (replay_.exists(snippet, cut)) {
                    relevant.push_back(snippet);
                }
            }
            if (!relevant.empty()) {
                ask(user, cut, cut, std::move(relevant), {});
            }
            monitor_.progress(static_cast<std::int64_t>(first),
                              static_cast<std::int64_t>(asked.size()));
        }
    }

    void ask_held_out() {
        train(kLater);
        for (std::size_t p = 0; p < held_out_.size();) {
            const std::int64_t user = archive_.pairs()[p].user;
            std::vector<std::int32_t> relevant;
            for (; p < held_out_.size() && archive_.pairs()[p].user == user; ++p) {
                if (held_out_[p] != 0) {
                    relevant.push_back(archive_.pairs()[p].snippet_index);
                }
            }
            if (!relevant.empty()) {
                std::vector<std::int32_t> among;
                if (options_.split == Split::kSampledNegatives) {
                    among = sample(user, relevant);
                }
                ask(user, kLater, options_.clock, std::move(relevant), among);
            }
            monitor_.progress(static_cast<std::int64_t>(p),
                              static_cast<std::int64_t>(held_out_.size()));
        }
    }

    // The relevant ones and that many others that the person has never met, all where they are
    // fewer: those of smallest hash.
    std::vector<std::int32_t> sample(std::int64_t user,
                                     const std::vector<std::int32_t>& relevant) const {
        std::vector<std::int32_t> met;
        const auto [first, last] = archive_.pairs_of(user);
        for (std::size_t p = first; p < last; ++p) {
            met.push_back(archive_.pairs()[p].snippet_index);
        }
        std::sort(met.begin(), met.end());
        std::vector<std::pair<std::uint64_t, std::int32_t>> others;
        PollEvery poll(monitor_, 65536);
        for (std::size_t s = 0; s < archive_.snippets().size(); ++s) {
            poll.step();
            const auto index = static_cast<std::int32_t>(s);
            if (replay_.may_see(index, user) &&
                !std::binary_search(met.begin(), met.end(), index)) {
                others.emplace_back(mix(mix(mix(options_.seed) ^ static_cast<std::uint64_t>(user)) ^
                                        static_cast<std::uint64_t>(archive_.snippets()[s].id)),
                                    index);
            }
        }
        const auto most = std::min(others.size(), static_cast<std::size_t>(options_.negatives));
        std::partial_sort(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(most),
                          others.end());
        std::vector<std::int32_t> among = relevant;
        for (std::size_t i = 0; i < most; ++i) {
            among.push_back(others[i].second);
        }
        return among;
    }

    void ask(std::int64_t user, std::int64_t moment, std::int64_t clock,
             std::vector<std::int32_t> relevant, std::span<const std::int32_t> among,
             std::span<const TermWeight> query = {}) {
        monitor_.poll();
        Question question;
        question.user = user;
        question.moment = moment;
        question.clock = clock;
        question.query = query;
        if (!among.empty()) {
            question.among = among;
        }
        const std::vector<Scored> list = replay_.rank(question);
        std::sort(relevant.begin(), relevant.end());
        Outcome& outcome = outcomes_.emplace_back();
        outcome.user = user;
        outcome.moment = moment;
        outcome.has_query = !query.empty();
        outcome.candidates = list.size();
        outcome.relevant = std::move(relevant);
        for (std::int32_t snippet : outcome.relevant) {
            ++outcome.relevant_in[thirds_[static_cast<std::size_t>(snippet)]];
        }
        for (auto& hits : outcome.hits_in) {
            hits.assign(options_.k.size(), 0);
        }
        for (std::size_t i = 0; i < list.size(); ++i) {
            const auto snippet = static_cast<std::int32_t>(list[i].id);
            if (i < options_.k.back()) {
                outcome.shown.push_back(snippet);
            }
            if (std::binary_search(outcome.relevant.begin(), outcome.relevant.end(), snippet)) {
                outcome.ranks.push_back(i + 1);
                for (std::size_t k = 0; k < options_.k.size(); ++k) {
                    if (i < options_.k[k]) {
                        ++outcome.hits_in[thirds_[static_cast<std::size_t>(snippet)]][k];
                    }
                }
            }
        }
        std::vector<VectorView> contents;
        for (std::int32_t snippet : outcome.shown) {
            contents.push_back(archive_.snippets()[static_cast<std::size_t>(snippet)].content);
        }
        for (std::size_t k : options_.k) {
            const std::size_t size = std::min(k, outcome.shown.size());
            outcome.novelty.push_back(
                novelty(std::span(outcome.shown).first(size), replay_.had(), replay_.people()));
            outcome.diversity.push_back(
                intra_list_diversity(std::span(contents).first(size), monitor_));
        }
    }

    const Archive& archive_;
    const ReplayOptions& options_of_replay_;
    const EvaluationOptions& options_;
    Monitor& monitor_;
    MemoryBudget& budget_;
    bool weighed_ = false;
    std::pmr::vector<std::uint8_t> held_out_;  // by pair; empty where time alone decides
    Replay replay_;
    std::pmr::vector<std::uint8_t> thirds_;
    std::vector<Outcome> outcomes_;
};

// One value a person and k, from one value a question and k.
class PerPerson {
  public:
    explicit PerPerson(std::size_t ks) : values_(ks) {}

    // Questions of one person come one after the other or not: `person` numbers people from 0.
    void add(std::size_t person, std::size_t k, double value) {
        auto& sums = values_[k];
        if (person >= sums.size()) {
            sums.resize(person + 1);
        }
        sums[person].sum += value;
        ++sums[person].count;
    }
    std::vector<double> means(std::size_t k) const {
        std::vector<double> result;
        for (const Sum& sum : values_[k]) {
            if (sum.count > 0) {
                result.push_back(sum.sum / static_cast<double>(sum.count));
            }
        }
        return result;
    }

  private:
    struct Sum {
        double sum = 0;
        std::int64_t count = 0;
    };
    std::vector<std::vector<Sum>> values_;
};

class Summary {
  public:
    Summary(const Archive& archive, std::span<const Outcome> outcomes,
            const EvaluationOptions& options, Monitor& monitor, MemoryBudget& budget)
        : archive_(archive),
          outcomes_(outcomes),
          options_(options),
          monitor_(monitor),
          budget_(budget) {
        std::vector<std::int64_t> users;
        for (const Outcome& outcome : outcomes) {
            users.push_back(outcome.user);
        }
        std::sort(users.begin(), users.end());
        users.erase(std::unique(users.begin(), users.end()), users.end());
        for (std::size_t i = 0; i < users.size(); ++i) {
            person_.emplace(users[i], i);
        }
    }

    std::vector<Figure> run() {
        accuracy();
        thirds();
        by_reader();
        exposure();
        return std::move(figures_);
    }

  private:
    std::size_t person_of(const Outcome& outcome) const { return person_.at(outcome.user); }

    void put(const char* metric, const std::string& part, const PerPerson& values) {
        for (std::size_t i = 0; i < options_.k.size(); ++i) {
            const std::vector<double> means = values.means(i);
            if (means.empty()) {
                continue;
            }
            const MeanInterval interval =
                bootstrap_mean(means, options_.seed, options_.resamples, .95, monitor_, budget_);
            figures_.push_back({metric, part, options_.k[i], interval.mean, interval.low,
                                interval.high, true, static_cast<std::int64_t>(means.size())});
        }
    }

    void put_plain(const char* metric, const std::string& part, std::size_t k, double value,
                   std::int64_t n) {
        figures_.push_back({metric, part, k, value, value, value, false, n});
    }

    void accuracy() {
        constexpr std::array<const char*, 8> kNames = {"ndcg", "recall", "precision", "hit_rate",
                                                       "map",  "mrr",    "novelty",   "diversity"};
        std::vector<PerPerson> values(kNames.size(), PerPerson(options_.k.size()));
        PollEvery poll(monitor_, 256);
        for (const Outcome& outcome : outcomes_) {
            poll.step();
            const std::size_t person = person_of(outcome);
            for (std::size_t i = 0; i < options_.k.size(); ++i) {
                const ListMetrics m =
                    list_metrics(outcome.ranks, outcome.relevant.size(), options_.k[i]);
                const std::array<double, kNames.size()> all = {m.ndcg,
                                                               m.recall,
                                                               m.precision,
                                                               m.hit_rate,
                                                               m.average_precision,
                                                               m.reciprocal_rank,
                                                               outcome.novelty[i],
                                                               outcome.diversity[i]};
                for (std::size_t metric = 0; metric < all.size(); ++metric) {
                    values[metric].add(person, i, all[metric]);
                }
            }
        }
        for (std::size_t metric = 0; metric < kNames.size(); ++metric) {
            put(kNames[metric], "", values[metric]);
        }
    }

    void thirds() {
        constexpr std::array<const char*, 3> kThirds = {"rarest third", "middle third",
                                                        "most popular third"};
        for (std::size_t third = 0; third < kThirds.size(); ++third) {
            PerPerson recall(options_.k.size());
            for (const Outcome& outcome : outcomes_) {
                const auto relevant = static_cast<double>(outcome.relevant_in[third]);
                for (std::size_t i = 0; relevant > 0 && i < options_.k.size(); ++i) {
                    recall.add(person_of(outcome), i,
                               static_cast<double>(outcome.hits_in[third][i]) / relevant);
                }
            }
            put("recall", kThirds[third], recall);
        }
    }

    void by_reader() {
        std::map<std::int64_t, PerPerson> teams;
        for (const Outcome& outcome : outcomes_) {
            const auto team = archive_.team_of(outcome.user);
            if (!team) {
                continue;
            }
            PerPerson& values = teams.try_emplace(*team, options_.k.size()).first->second;
            for (std::size_t i = 0; i < options_.k.size(); ++i) {
                values.add(
                    person_of(outcome), i,
                    list_metrics(outcome.ranks, outcome.relevant.size(), options_.k[i]).ndcg);
            }
        }
        for (const auto& [team, values] : teams) {
            put("ndcg", "readers of team " + std::to_string(team), values);
        }
    }

    void exposure() {
        std::int64_t last = kAlways;
        for (const Outcome& outcome : outcomes_) {
            last = std::max(last, outcome.moment);
        }
        const auto snippets = archive_.snippets();
        std::vector<std::int32_t> number(snippets.size(), -1);  // among those that existed
        std::int32_t existing = 0;
        for (std::size_t s = 0; s < snippets.size(); ++s) {
            if (snippets[s].created_at <= last) {
                number[s] = existing++;
            }
        }
        std::map<std::int64_t, std::int64_t> written;  // by the author's team
        for (std::size_t s = 0; s < snippets.size(); ++s) {
            if (number[s] >= 0 && snippets[s].author_team) {
                ++written[*snippets[s].author_team];
            }
        }
        PollEvery poll(monitor_, 1024);
        for (std::size_t k : options_.k) {
            Impressions impressions(static_cast<std::size_t>(existing), budget_);
            std::map<std::int64_t, std::int64_t> teams;
            std::int64_t all = 0;
            std::vector<std::int32_t> list;
            for (const Outcome& outcome : outcomes_) {
                poll.step();
                list.clear();
                for (std::size_t i = 0; i < std::min(k, outcome.shown.size()); ++i) {
                    const auto s = static_cast<std::size_t>(outcome.shown[i]);
                    list.push_back(number[s]);
                    ++all;
                    if (snippets[s].author_team) {
                        ++teams[*snippets[s].author_team];
                    }
                }
                impressions.add(list);
            }
            put_plain("coverage", "", k, impressions.coverage(), existing);
            put_plain("impressions", "most shown 1 %", k, impressions.concentration(.01), existing);
            for (const auto& [team, count] : teams) {
                put_plain("impressions", "authors of team " + std::to_string(team), k,
                          static_cast<double>(count) / static_cast<double>(all), written.at(team));
            }
        }
    }

    const Archive& archive_;
    std::span<const Outcome> outcomes_;
    const EvaluationOptions& options_;
    Monitor& monitor_;
    MemoryBudget& budget_;
    std::unordered_map<std::int64_t, std::size_t> person_;
    std::vector<Figure> figures_;
};

}  // namespace

Split parse_split(std::string_view name) {
    std::string known;
    for (const Named& split : kSplits) {
        if (split.name == name) {
            return split.split;
        }
        known += (known.empty() ? "" : ", ") + std::string(split.name);
    }
    throw Error(ErrorCode::kInvalidArgument, "unknown split \"" + std::string(name) + "\"",
                "The splits are: " + known + ".");
}

std::string_view split_name(Split split) {
    return named(split).name;
}

std::string_view split_leak(Split split) {
    return named(split).leak;
}

Stretch stretch_of(const Archive& archive, const EvaluationOptions& options) {
    const auto pairs = archive.pairs();
    const auto has_time = [&](std::size_t p) {
        return pairs[p].snippet_index >= 0 && pairs[p].first_at != kAlways &&
               pairs[p].first_at != kLater;
    };
    const auto earlier = [&](std::size_t l, std::size_t r) {
        return std::tie(pairs[l].first_at, pairs[l].user, pairs[l].snippet) <
               std::tie(pairs[r].first_at, pairs[r].user, pairs[r].snippet);
    };
    Stretch stretch;
    for (std::size_t p = 0; p < pairs.size(); ++p) {
        if (has_time(p) && is_relevant(pairs[p])) {
            stretch.pairs.push_back(p);
        }
    }
    if (stretch.pairs.empty()) {
        return stretch;
    }
    std::sort(stretch.pairs.begin(), stretch.pairs.end(), earlier);
    stretch.cut = cut_at(archive, stretch.pairs, 1 - options.test_share);
    if (options.validation_share > 0) {
        // What was relevant by what was known then: a later row is one of the test's.
        const std::int64_t end = stretch.cut;
        const std::vector<double> weights = weights_before(archive, end);
        stretch.pairs.clear();
        for (std::size_t p = 0; p < pairs.size(); ++p) {
            if (has_time(p) && pairs[p].first_at < end && weights[p] > 0) {
                stretch.pairs.push_back(p);
            }
        }
        if (stretch.pairs.empty()) {
            return stretch;
        }
        std::sort(stretch.pairs.begin(), stretch.pairs.end(), earlier);
        stretch.cut = cut_at(archive, stretch.pairs, 1 - options.validation_share);
    }
    const auto first =
        std::partition_point(stretch.pairs.begin(), stretch.pairs.end(),
                             [&](std::size_t p) { return pairs[p].first_at < stretch.cut; });
    stretch.pairs.erase(stretch.pairs.begin(), first);
    sample_questions(archive, options, stretch.pairs);
    return stretch;
}

std::vector<Outcome> ask_all(const Archive& archive, const ReplayOptions& replay,
                             const EvaluationOptions& options, Monitor& monitor,
                             MemoryBudget& budget) {
    return Asking(archive, replay, options, monitor, budget).run();
}

std::vector<Figure> summarise(const Archive& archive, std::span<const Outcome> outcomes,
                              const EvaluationOptions& options, Monitor& monitor,
                              MemoryBudget& budget) {
    return Summary(archive, outcomes, options, monitor, budget).run();
}

std::vector<PersonValues> values_of_people(std::span<const Outcome> outcomes,
                                           std::string_view metric,
                                           const EvaluationOptions& options) {
    constexpr std::array<std::pair<std::string_view, double ListMetrics::*>, 6> kMetrics = {{
        {"ndcg", &ListMetrics::ndcg},
        {"recall", &ListMetrics::recall},
        {"precision", &ListMetrics::precision},
        {"hit_rate", &ListMetrics::hit_rate},
        {"map", &ListMetrics::average_precision},
        {"mrr", &ListMetrics::reciprocal_rank},
    }};
    const auto found = std::find_if(kMetrics.begin(), kMetrics.end(),
                                    [&](const auto& known) { return known.first == metric; });
    if (found == kMetrics.end()) {
        throw Error(ErrorCode::kInvalidArgument,
                    "cannot compare by metric \"" + std::string(metric) + "\"",
                    "The metrics are: ndcg, recall, precision, hit_rate, map, mrr.");
    }
    struct Sum {
        std::vector<double> sums;
        std::int64_t questions = 0;
    };
    std::map<std::int64_t, Sum> people;
    for (const Outcome& outcome : outcomes) {
        Sum& sum = people[outcome.user];
        sum.sums.resize(options.k.size());
        ++sum.questions;
        for (std::size_t i = 0; i < options.k.size(); ++i) {
            sum.sums[i] +=
                list_metrics(outcome.ranks, outcome.relevant.size(), options.k[i]).*found->second;
        }
    }
    std::vector<PersonValues> result;
    for (auto& [user, sum] : people) {
        for (double& value : sum.sums) {
            value /= static_cast<double>(sum.questions);
        }
        result.push_back({user, std::move(sum.sums)});
    }
    return result;
}

std::vector<Comparison> compare_all(std::span<const std::vector<PersonValues>> compared,
                                    const std::vector<std::size_t>& k) {
    std::vector<Comparison> result;
    std::vector<double> p;
    for (std::size_t first = 0; first < compared.size(); ++first) {
        for (std::size_t second = first + 1; second < compared.size(); ++second) {
            for (std::size_t i = 0; i < k.size(); ++i) {
                std::vector<double> left;
                std::vector<double> right;
                auto other = compared[second].begin();
                for (const PersonValues& person : compared[first]) {
                    while (other != compared[second].end() && other->user < person.user) {
                        ++other;
                    }
                    if (other != compared[second].end() && other->user == person.user) {
                        left.push_back(person.values[i]);
                        right.push_back(other->values[i]);
                    }
                }
                result.push_back({first, second, k[i], paired_difference(left, right), 1,
                                  static_cast<std::int64_t>(left.size())});
                p.push_back(result.back().difference.p);
            }
        }
    }
    const std::vector<double> adjusted = holm(p);
    for (std::size_t i = 0; i < result.size(); ++i) {
        result[i].adjusted_p = adjusted[i];
    }
    return result;
}

}  // namespace knowhow
