// What is known of one person (or of a list of snippets in their place) while one request is
// served: the history, and the three signals that follow from it.
//
//   collaborative  sum over the history of weight * B[item], B being the item-item matrix of the
//                  model (Deshpande and Karypis 2004);
//   profile        the Rocchio centroid (1971) of what the person liked: the idf-weighted sum of
//                  the documents' vectors, each divided by the square root of its length, cut to
//                  its strongest terms, as an inner-product query;
//   labels         the same over topics and tags.
//
// Text and titles are views: their memory must outlive the object.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/monitor.hpp"
#include "engine/rank/position_sums.hpp"
#include "engine/sparse/prepared.hpp"
#include "engine/sparse/vector.hpp"

namespace knowhow {

struct HistoryItem {
    std::int64_t id = 0;
    double weight = 0;   // preference; negative: disliked
    bool readable = false;
    std::string_view title;
    VectorView content;
    double content_scale = 0;              // 1 / sqrt(Euclidean norm); 0 for an empty vector
    std::vector<std::string_view> labels;
    double label_scale = 0;
    std::int32_t position = -1;              // in the model; -1: not in it
    std::span<const std::int32_t> targets;   // of its row of B
    std::span<const float> target_weights;
};

// A term or label with its share of a score.
struct Share {
    std::string_view name;
    double value;
};

// Sorts by bytes and leaves each name once.
void keep_distinct(std::vector<std::string_view>& names);

// Score of a snippet whose labels the person likes so much, and that are so rare. Those of an affinity
// of 0 count in the length only.
double label_score(std::span<const double> affinities, std::span<const double> idf);

class Person {
  public:
    // `monitor` is polled by what takes long on a long history; it must outlive the object.
    explicit Person(Monitor& monitor) : monitor_(monitor), position_scores_(monitor) {}

    // --- history, newest first -----------------------------------------------------------------
    void add(std::int64_t id, double weight);
    // The snippet can be read by the caller. Ids that were not added are ignored.
    void describe(std::int64_t id, std::string_view title, VectorView content);
    // `label` as label_name() writes it; one given twice is one.
    void add_label(std::int64_t id, std::string_view label);
    void add_row(std::int64_t id, std::int32_t position, std::span<const std::int32_t> targets,
                 std::span<const float> weights);
    // Forgets what the caller may not read: it must neither count nor be named.
    void keep_readable();

    bool contains(std::int64_t id) const { return by_id_.contains(id); }
    bool empty() const { return items_.empty(); }
    const std::vector<HistoryItem>& items() const { return items_; }

    // --- statistics that the signals need ------------------------------------------------------
    // A history holds thousands of terms, of which the `strongest` make the profile. Those that weigh
    // most in the documents are collected first; when their idf is known, of the others those that
    // could still be stronger with the largest idf there is. Each time ascending by bytes: the caller
    // looks up in how many snippets each occurs and hands their idf back in the same order.
    const std::vector<std::string_view>& collect_terms(std::size_t strongest);
    const std::vector<std::string_view>& collect_more_terms(double largest_idf);
    void set_term_idf(std::span<const double> idf);
    void build_profile();
    // Distinct labels, likewise. After the last add_label().
    const std::vector<std::string_view>& collect_labels();
    // idf in the order of collect_labels().
    void build_labels(std::span<const double> idf);

    // --- signals -------------------------------------------------------------------------------
    // The profile as a query vector: terms ascending by bytes. Empty where there is none.
    const std::vector<TermWeight>& profile() const { return profile_; }
    // Its `most` strongest terms, likewise.
    std::vector<TermWeight> strongest_of_profile(std::size_t most) const;

    // Score of a document: inner product with the profile over the square root of its length.
    double profile_score(VectorView content) const;

    // Adds up the scores of all positions that items of the history lead to. After the last add_row().
    // Positions below 0 and scores that are not finite come from damaged rows and are left out.
    void add_up_positions();
    // How many of them have a score above 0.
    std::size_t liked_positions() const { return liked_positions_.size(); }
    // The `most` best of these, or all where they are fewer, by descending score, then position. Only
    // what is asked for is sorted: a history may reach a hundred times the positions that are wanted.
    std::span<const PositionScore> best_positions(std::size_t most);
    // 0 where the history does not lead to the position.
    double position_score(std::int32_t position) const;

    // How much the person likes a label: 0 where it is none of theirs.
    double label_affinity(std::string_view label) const;
    // The largest values that the three signals take on the history itself. A signal is divided by
    // its maximum over the candidates *and* these: where nothing unseen comes near what the person
    // already has, the signal speaks softly. (Maxima over unseen items alone cost a tenth of
    // recall on citeulike-t.)
    double largest_position_score() const;
    double largest_profile_score() const;
    double largest_label_score() const;

    // Labels that the person likes, by descending affinity.
    const std::vector<Share>& liked_labels() const { return liked_; }
    // Those of all that the person has rated, ascending by bytes, as last collected.
    const std::vector<std::string_view>& labels() const { return labels_; }

    // --- evidence ------------------------------------------------------------------------------
    // The items of the history that led to a position, with what each adds, largest first.
    std::vector<std::pair<const HistoryItem*, double>> reasons(std::int32_t position,
                                                                std::size_t most) const;

  private:
    HistoryItem* find(std::int64_t id);

    Monitor& monitor_;
    std::vector<HistoryItem> items_;
    std::unordered_map<std::int64_t, std::size_t> by_id_;
    std::vector<std::string_view> labels_;
    std::unordered_map<std::string_view, std::size_t> label_indexes_;
    std::vector<double> affinities_;   // by label index, idf included once
    std::vector<double> label_idf_;
    std::vector<Share> liked_;
    struct Term {
        std::string_view name;
        double sum;   // over the history's documents, > 0
        double idf;   // of those that were collected
        // Its weight in the profile: idf once for the history's documents, once for the candidate's, as
        // in a tf-idf cosine.
        double strength() const { return sum * idf * idf; }
    };
    const std::vector<std::string_view>& collect_terms_up_to(std::size_t end);

    std::vector<Term> terms_;       // first those that were collected; in no order beyond
    std::size_t strongest_ = 0;
    std::size_t known_terms_ = 0;   // how many of them were collected, and before the last time
    std::size_t known_before_ = 0;
    std::vector<std::string_view> term_names_;   // what was collected last
    std::vector<TermWeight> profile_;
    PreparedVector prepared_profile_;
    PositionSums position_scores_;
    std::vector<PositionScore> liked_positions_;   // the best first, as far as they were asked for
    std::size_t sorted_positions_ = 0;
};

}  // namespace knowhow
