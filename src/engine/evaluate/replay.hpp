// What recommend() would have answered at a moment of an archive's history: the same Person,
// Ranking and fusion, over rows as of then, with a model of rows as of its training.
//
// Of a moment t count: snippets created at or before t; labels, interactions and meetings strictly
// before t; of the model, which was trained as of some m <= t, what was before m: idf, popularity
// and the matrix know nothing later. Nothing that is held out counts anywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/evaluate/archive.hpp"
#include "engine/learn/learner.hpp"
#include "engine/learn/term_statistics.hpp"
#include "engine/rank/ranking.hpp"
#include "engine/rank/top_k.hpp"

namespace knowhow {

// A recommender's parameters.
struct ReplayOptions {
    const Learner* learner = nullptr;  // none: nothing is learned of who liked what
    std::vector<std::pair<std::string, double>> learner_parameters;
    FitOptions fit;
    RankingOptions ranking;
    std::size_t history = 500;
    std::size_t profile_terms = 100;
    double trending_half_life = 7;  // days
    // Whether weights are found at training (weights.hpp), and which the user has set: bit i is
    // the i-th of signal_weights().
    bool seek_weights = false;
    std::uint32_t fixed_weights = 0;
};

// One question.
struct Question {
    std::optional<std::int64_t> user;
    std::int64_t moment = kLater;
    // Age of snippets is counted up to then; the moment itself, unless that is kLater.
    std::int64_t clock = 0;
    std::span<const TermWeight> query;  // how often each term occurs, ascending by bytes
    // Candidates are only these snippets (indexes), as of the protocol with sampled negatives.
    std::optional<std::span<const std::int32_t>> among;
};

class Replay {
  public:
    // `held_out`: by pair of the archive, or empty for none; all must outlive the object.
    Replay(const Archive& archive, const ReplayOptions& options,
           std::span<const std::uint8_t> held_out, Monitor& monitor, MemoryBudget& budget);

    // Trains as of the moment: one model, in place of the one before. `clock` is that moment in
    // microseconds, or now, where the moment is kLater.
    void train(std::int64_t moment, std::int64_t clock);

    // All candidates (what exists, may be seen and has not been met by the person), best first;
    // ids are indexes of snippets. Without train() before it there is no model. Time: linear in
    // snippets, with a few microseconds for each that has content.
    std::vector<Scored> rank(const Question& question);

    // In place of those of the options, where nothing is asked for.
    void rank_without_query_by(const RankingOptions& ranking) { without_query_ = ranking; }

    // Scores every candidate of the question by every signal and hands them over, without fusing
    // them. They live until `take` returns.
    void score(const Question& question, const std::function<void(const Ranking&)>& take);

    // As of the training: pairs with a positive weight, by index of the snippet, and people.
    std::span<const std::int64_t> had() const noexcept { return had_; }
    std::int64_t people() const noexcept { return people_; }

    bool exists(std::int32_t snippet, std::int64_t moment) const noexcept;
    bool may_see(std::int32_t snippet, std::optional<std::int64_t> user) const noexcept;

  private:
    bool counts(const ArchivedRow& row, std::int64_t moment) const noexcept;
    void sort_rows_by_snippet();
    Demand model_demand(std::int32_t snippet, std::int32_t now) const;
    void add_rows(std::int64_t id, std::int64_t moment, Ranking& ranking) const;
    void read_person(const Question& question, Person& person) const;
    std::vector<Link> links_at(std::span<const std::int64_t> ids, const Question& question) const;
    void add_team(const Question& question, const Person& person, Ranking& ranking) const;
    void walk(const Question& question, Walk& walk) const;
    std::vector<double> idf_of(const std::pmr::vector<TermCount>& counts,
                               std::span<const std::string_view> names) const;
    void add_candidates(const Question& question, Ranking& ranking) const;
    template <typename Take>
    void answer(const Question& question, Take take) const;

    const Archive& archive_;
    const ReplayOptions& options_;
    RankingOptions without_query_;
    std::span<const std::uint8_t> held_out_;
    Monitor& monitor_;
    MemoryBudget& budget_;

    // The model.
    std::optional<TermStatistics> terms_;
    std::optional<TermStatistics> labels_;
    std::pmr::vector<TermCount> term_counts_;
    std::pmr::vector<TermCount> label_counts_;
    std::int64_t documents_ = 0;
    std::pmr::vector<std::int32_t> position_;  // by snippet; -1: not in the model
    std::pmr::vector<double> popularity_;      // by snippet
    std::pmr::vector<double> trending_;        // by snippet, as of newest_minute_
    std::int32_t newest_minute_ = kNoMinute;
    std::pmr::vector<std::size_t> row_begin_;  // by position
    std::pmr::vector<std::int32_t> targets_;
    std::pmr::vector<float> weights_;
    std::pmr::vector<std::int64_t> had_;
    std::int64_t people_ = 0;
    // Indexes of the archive's rows, by snippet, and where each snippet's begin.
    std::pmr::vector<std::int32_t> snippet_rows_;
    std::pmr::vector<std::size_t> snippet_begin_;
};

}  // namespace knowhow
