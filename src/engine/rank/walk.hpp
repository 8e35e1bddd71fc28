// A short walk over links and labels, from what a person liked.
//
// The walker starts at a liked snippet, drawn by its weight, and follows one of its links, in
// either direction, each alike. Half of the time it stays there. Else it goes on with equal
// probability over one more link, or over one of the snippet's labels to one of the snippets that
// bear it. The signal is the probability that it ends at a snippet (personalized PageRank: Page,
// Brin, Motwani and Winograd 1999, cut short as in Cooper, Lee, Radzik and Siantos 2014, "Random
// walks in recommender systems: exact computation and simulations", whose walks of few steps rank
// best):
//
//   m(k)     = Σ_i w_i / W · links(i, k) / links(i)          over the liked snippets i, W = Σ_i w_i
//   score(j) = m(j) / 2 + Σ_k m(k) / 4 · links(k, j) / links(k)
//                       + Σ_k m(k) / 4 · Σ_l 1 / (labels of k) / (snippets that bear l)
//
// the last sum being over the labels that k and j share. A duplicate of what the person liked says
// nothing new: the walk passes through it and does not end there.
//
// Where links are many, the walk starts at the kMostWalked strongest of the liked snippets, goes on
// from the kMostWalked most probable, and the caller hands at most kMostLinks over of a snippet in
// each direction. Text is views: their memory must outlive the object.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/rank/json.hpp"
#include "engine/rank/person.hpp"

namespace knowhow {

inline constexpr std::size_t kMostWalked = 100;
inline constexpr std::size_t kMostLinks = 100;

// A link as seen from one of its ends. What the caller may not read is at neither.
struct Link {
    std::int64_t at;
    std::int64_t other;
    std::string_view kind;
    bool forward;   // it leads from `at` to `other`
};

// One way by which the walk ends at a snippet.
struct WalkPath {
    const HistoryItem* start;
    Link first;
    Link second;             // of no kind, unless it is over two links
    std::string_view label;  // empty, unless it is over a label
    double value;            // its share of the score
};

// Writes where the path starts and over what it goes.
void append_path(json::Object& object, const WalkPath& path);

class Walk {
  public:
    // The person's history is complete; it must outlive the walk.
    explicit Walk(const Person& person);

    // Ids whose links are to be added; empty where the person liked nothing.
    std::vector<std::int64_t> starts() const;
    // All links of the starts. A link from a snippet to itself is none.
    void add_first(std::span<const Link> links);

    // Ids whose links and labels are to be added.
    const std::vector<std::int64_t>& seconds() const { return seconds_; }
    void add_second(std::span<const Link> links);
    void add_label(std::int64_t id, std::string_view label);
    // Distinct labels of the seconds, ascending; how many snippets bear each is handed back in the
    // same order, at least 1.
    const std::vector<std::string_view>& collect_labels();
    void set_label_counts(std::span<const std::int64_t> counts);

    // Snippets that links lead to, the most probable first, then by id.
    std::vector<std::int64_t> reached() const;
    // `labels` of the snippet, each once.
    double score(std::int64_t id, std::span<const std::string_view> labels) const;
    // The largest score of what the person liked.
    double largest_on_history() const;

    // All paths to a snippet, whose values add up to its score, largest first.
    std::vector<WalkPath> paths(std::int64_t id, std::span<const std::string_view> labels) const;

  private:
    struct First {
        std::size_t item;   // in the person's history
        Link link;
        double mass;
    };
    struct Second {
        Link link;
        double step;   // the probability of this link among those of its start
    };

    double mass_at(std::int64_t id) const;

    const Person& person_;
    std::vector<std::size_t> starts_;   // positions in the history, strongest first
    double weight_ = 0;                 // of all starts
    std::vector<First> firsts_;
    std::unordered_map<std::int64_t, std::vector<std::size_t>> firsts_to_;   // by link.other
    std::unordered_map<std::int64_t, double> mass_;
    std::unordered_set<std::int64_t> duplicates_;
    std::vector<std::int64_t> seconds_;
    std::unordered_map<std::int64_t, std::vector<Second>> seconds_to_;   // by link.other
    std::unordered_map<std::int64_t, double> second_mass_;
    std::unordered_map<std::int64_t, std::vector<std::string_view>> labels_of_;
    std::vector<std::string_view> labels_;
    std::unordered_map<std::string_view, double> label_step_;   // 1 / snippets that bear it
    std::unordered_map<std::string_view, double> label_mass_;
    std::unordered_map<std::string_view, std::vector<std::int64_t>> bearers_;   // among seconds_
};

}  // namespace knowhow
