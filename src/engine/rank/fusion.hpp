// Puts the signals of a candidate together to one score, and tells what each contributed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "engine/base/budget.hpp"

namespace knowhow {

// A signal of the person's: collaborative model, content profile, labels, neighbours, …
struct PersonalSignal {
    std::span<const double> values;  // one for each candidate
    double weight;                   // >= 0
    // Its largest value on what the person has already, if that is larger than on any candidate:
    // a signal that never comes near it among the candidates then speaks softly. (With maxima over
    // the candidates alone, recall on citeulike-t is a tenth lower.)
    double reference = 0;
};

// What is known of the candidates. An empty span is a signal that nobody has.
struct Signals {
    std::span<const double> text;  // of the query; empty without a query
    std::span<const PersonalSignal> personal;
    std::span<const double> popularity;  // >= 0
    std::span<const double> freshness;   // >= 0
    std::span<const double> trending = {};  // >= 0
};

// Measured on validation splits of citeulike-t.
struct FusionOptions {
    double text_weight = 2;           // w_text, >= 0
    double person_weight = 1;         // w_person, >= 0
    double offset = 0.1;              // o, > 0: the smaller, the more the worse signal decides
    double popularity_weight = 1e-3;  // small: to break ties, and where nothing else is known
    double freshness_weight = 1e-4;
    double trending_weight = 0;  // what validation finds; without it popularity decides
};

// Scores all candidates. With m(x) = x / (maximum of x over the candidates and, if larger, the
// signal's reference), and 0 everywhere where that maximum is not above 0:
//
//   person_c  = Σ_s weight_s · m(signal_s)_c
//   score_c   = person_c                                          where no text is above 0, else
//             = w_text · log(max(m(text)_c, 0) + o) + w_person · log(max(m(person)_c, 0) + o)
//   score_c  += w_popularity · m(popularity)_c + w_trending · m(trending)_c
//               + w_freshness · m(freshness)_c
//
// The sum of logarithms is a product of the two, softened by the offset so that neither can veto:
// a logarithmic opinion pool (Genest and Zidek 1986, "Combining probability distributions: a
// critique and an annotated bibliography"). With a query and a person without signals the person's
// term is 0. A score orders the candidates of one call; it is no probability and does not compare
// between calls.
class Fusion {
  public:
    // Throws Error(kInvalidArgument) if a value is not finite, an option is out of its range, or
    // the lengths differ. 8 bytes a candidate for each personal signal, and 48; linear time.
    Fusion(std::size_t candidates, const Signals& signals, const FusionOptions& options,
           MemoryBudget& budget);

    // The parts that add up to the score, exactly in this order of addition.
    struct Parts {
        double text;        // 0 without a query
        double person;      // with a query a logarithm
        double popularity;  // with its weight, as the next two
        double trending;
        double freshness;
        double score() const noexcept {
            return text + person + popularity + trending + freshness;
        }
    };
    const Parts& parts(std::size_t candidate) const { return parts_[candidate]; }
    double score(std::size_t candidate) const { return parts_[candidate].score(); }

    // weight_s · m(signal_s)_c: within one candidate they add up to person_c, that is, to
    // parts().person without a query, and to what stands (divided by its maximum) under the
    // logarithm with one.
    double share(std::size_t signal, std::size_t candidate) const {
        return shares_[signal * parts_.size() + candidate];
    }

    // What m() divided the signal by; 0 where its maximum is not above 0.
    double largest_text() const noexcept { return largest_text_; }
    double largest_personal(std::size_t signal) const { return largest_personal_[signal]; }
    double largest_popularity() const noexcept { return largest_popularity_; }
    double largest_trending() const noexcept { return largest_trending_; }
    double largest_freshness() const noexcept { return largest_freshness_; }

    // Whether the text of the query matched any candidate, and so the logarithms are in use.
    bool uses_text() const noexcept { return uses_text_; }

  private:
    std::pmr::vector<Parts> parts_;
    std::pmr::vector<double> shares_;  // signals × candidates
    std::pmr::vector<double> largest_personal_;
    double largest_text_ = 0;
    double largest_popularity_ = 0;
    double largest_trending_ = 0;
    double largest_freshness_ = 0;
    bool uses_text_ = false;
};

}  // namespace knowhow
