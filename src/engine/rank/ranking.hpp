// The candidates of one request: every one is scored by every signal, fused, ordered, and
// explained.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/learn/trending.hpp"
#include "engine/rank/freshness.hpp"
#include "engine/rank/exploration.hpp"
#include "engine/rank/fusion.hpp"
#include "engine/rank/person.hpp"
#include "engine/rank/top_k.hpp"
#include "engine/rank/walk.hpp"
#include "engine/sparse/vector.hpp"

namespace knowhow {

enum Signal {
    kText,
    kCollaborative,
    kProfile,
    kLabels,
    kLinks,
    kTeam,
    kPopularity,
    kTrending,
    kFreshness,
    kSignals
};

// "text", "collaborative", ...; for kSignals, "no personal signal".
std::string_view signal_name(Signal signal);

struct Candidate {
    std::int64_t id = 0;
    bool readable = false;
    std::string_view title;
    VectorView content;
    std::vector<std::string_view> labels;
    std::vector<std::uint32_t> label_places;  // of these among the labels of all candidates
    std::int32_t position = -1;   // in the model; -1: not in it
    double age = -1;              // in days; -1: unknown
    std::int64_t colleagues = 0;  // who like it, behind the team's signal
    std::array<double, kSignals> signals{};   // raw values
    // What each adds to the score; the last one, what no personal signal at all takes from it.
    std::array<double, kSignals + 1> parts{};
    double score = 0;
};

// Of how many candidates that the model does not know the rows are read, at most.
inline constexpr std::size_t kMostUnknown = 100;

struct RankingOptions {
    // Weights of the personal signals in their sum.
    double collaborative = 1.0;
    double profile = 0.6;
    double labels = 2.0;
    double links = 1.0;
    double team = 1.0;
    FusionOptions fusion;
    double freshness_half_life = kFreshnessHalfLife;  // days
    // 0: by score alone; towards 1: unlike those above (maximal marginal relevance).
    double diversity = 0;
    // The share of ranks that are drawn by chance, and the seed of what is drawn.
    double explore = 0;
    std::uint64_t seed = 0;
    // Scores are the raw inner products of the text and nothing else.
    bool text_only = false;
};

struct Answer {
    std::int64_t id;
    std::string_view title;
    double score;
    double propensity;   // the probability with which it stands at its rank; 1 without exploration
    std::string reason;
    std::string evidence;   // JSON
};

// Somebody whose rating of one snippet counts in its collaborative signal.
struct Reader {
    std::int64_t user_id;
    double similarity;
    double rating;
};

// One signal of one snippet.
struct SignalAccount {
    double raw = 0;           // as in `signals` of the evidence
    double largest = 0;       // what it is divided by; 0: nobody has the signal
    double weight = 0;
    double contribution = 0;  // to the score
    std::string rows;         // JSON: an array of what the raw value is made of
};

// How one snippet fares in a request.
struct Account {
    std::size_t candidates = 0;  // how many were ranked
    std::size_t rank = 0;        // by score, from 1
    std::size_t shown_at = 0;    // rank in the answer, from 1; 0: it is not shown
    double score = 0;            // the sum of contributions
    std::array<SignalAccount, kSignals + 1> signals;
};

class Ranking {
  public:
    Ranking(const Person& person, const RankingOptions& options)
        : person_(person), options_(options) {}

    // --- candidates ----------------------------------------------------------------------------
    // False where it is one already.
    bool add(std::int64_t id);
    bool contains(std::int64_t id) const { return by_id_.contains(id); }
    std::size_t size() const { return candidates_.size(); }
    // Ascending ids of all candidates; afterwards none is added.
    const std::vector<std::int64_t>& ids();

    // --- what is known of them -----------------------------------------------------------------
    // The query side of the text signal: terms ascending by bytes, idf included.
    void set_query(VectorView query) { query_ = query; }
    void describe(std::int64_t id, std::string_view title, VectorView content);
    void add_label(std::int64_t id, std::string_view label);
    void set_position(std::int64_t id, std::int32_t position, const Demand& demand);
    // Of candidates without a position the youngest `most`, ascending: what people made of them
    // since the model was trained is read from the rows. After the last set_age().
    const std::vector<std::int64_t>& collect_unknown(std::size_t most);
    // A row of one of these, then, once, what they add up to.
    void add_row(std::int64_t id, TimedWeight row);
    void add_up_rows(const Fading& fading);
    // For learners that score by snippet and not by position.
    void set_collaborative(std::int64_t id, double value);
    // The collaborative signal's largest value on the person's own history.
    void set_largest_collaborative(double value) { largest_collaborative_ = value; }
    // In days, 0 or more.
    void set_age(std::int64_t id, double age);
    // What colleagues like, for a person of whom nothing is known.
    void set_team(std::int64_t id, double weight, std::int64_t colleagues);
    // The walk over links, where there are any; it must outlive the ranking.
    void set_walk(const Walk* walk) { walk_ = walk; }
    // Distinct labels of all candidates, ascending; their idf is handed back in the same order.
    const std::vector<std::string_view>& collect_labels();
    void set_label_idf(std::span<const double> idf);

    // --- the answer ----------------------------------------------------------------------------
    // At most max_results of the readable candidates, best first; ties by id. With exploration
    // some ranks are drawn from all of them: exploration.hpp.
    const std::vector<Answer>& rank(std::size_t max_results, std::int32_t model_id,
                                    Monitor& monitor, MemoryBudget& budget);
    // The account of a candidate, or NULL where it is none that is readable. `readers`: who stands
    // behind its collaborative signal, for learners that score by people.
    const Account* account(std::int64_t id, std::size_t max_results, std::int32_t model_id,
                           std::span<const Reader> readers, Monitor& monitor,
                           MemoryBudget& budget);
    // All readable candidates in the same order with the same scores, without reasons: ids as
    // they were added.
    std::vector<Scored> scores(Monitor& monitor, MemoryBudget& budget);

    // The signals alone, of every candidate, unfused: what weights are found with.
    void score(Monitor& monitor);
    const std::vector<Candidate>& candidates() const { return candidates_; }
    // The largest value of a personal signal on the person's own history; 0 for the others.
    double largest_known(Signal signal) const;

  private:
    Candidate* find(std::int64_t id);
    static void set_demand(Candidate& candidate, const Demand& demand);
    void score_and_fuse(Monitor& monitor, MemoryBudget& budget);
    void fuse(MemoryBudget& budget);
    std::vector<std::size_t> order(std::size_t max_results, Monitor& monitor,
                                   MemoryBudget& budget) const;
    std::vector<std::size_t> diversify(std::span<const std::size_t> order,
                                       std::size_t max_results, Monitor& monitor,
                                       MemoryBudget& budget) const;
    // Of positions in candidates_, best first: what is shown.
    std::pmr::vector<Drawn> explored(std::vector<std::size_t>& order, Monitor& monitor,
                                     MemoryBudget& budget) const;
    void explain(const Candidate& candidate, const Drawn& drawn, std::int32_t model_id,
                 Answer& answer) const;
    double weight_of(Signal signal) const;
    std::string rows_of(Signal signal, const Candidate& candidate, std::int32_t model_id,
                        std::span<const Reader> readers) const;

    const Person& person_;
    RankingOptions options_;
    VectorView query_;
    const Walk* walk_ = nullptr;
    double largest_collaborative_ = 0;
    std::unordered_map<std::int64_t, std::size_t> by_id_;
    std::vector<Candidate> candidates_;
    std::vector<std::int64_t> ids_;
    std::vector<std::int64_t> unknown_;
    std::unordered_map<std::int64_t, std::vector<TimedWeight>> rows_;
    std::vector<std::string_view> labels_;
    std::vector<double> label_idf_;   // of labels_
    std::array<double, kSignals> largest_{};   // what each signal was divided by
    std::vector<Answer> answers_;
    Account account_;
};

}  // namespace knowhow
