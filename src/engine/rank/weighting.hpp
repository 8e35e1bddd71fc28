// How often a term occurs, turned into what it weighs: in a document, and in a question.
//
// Document vectors hold term frequency and length only, so that they never go stale; the inverse
// document frequency stands on the side of the query. A score is the inner product of the two.
//
// tf is how often a term occurs in the document (the words of a title may count more than once, so
// it need not be whole), len the sum of all tf, n the number of documents, df the number of those
// that contain the term; ln is the natural logarithm.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/sparse/vector.hpp"

namespace knowhow {

enum class WeightingKind {
    kPivoted,  // tf (k1 + 1) / (tf + k1 √(len / average_length)); the default
    kBm25,     // tf (k1 + 1) / (tf + k1 (1 - b + b len / average_length))
    kSmart,    // a triple of SMART
};

// One side of the comparison.
enum class Side { kDocument, kQuery };

// A weighting for one side, with its parameters; made by parse_weighting().
//
// kPivoted and kBm25 saturate term frequency as BM25 does (Robertson, Walker, Jones,
// Hancock-Beaulieu and Gatford 1994, "Okapi at TREC-3"). BM25's norm is linear in the length and
// wants the true average of the corpus; the square root stays good with a constant. On the side of
// the query both are tf idf, with the idf below.
//
// SMART names a weighting by three letters (Salton and Buckley 1988, "Term-weighting approaches in
// automatic text retrieval"; table 6.15 of Manning, Raghavan and Schütze 2008, "Introduction to
// Information Retrieval"):
//
//   term frequency       n  tf
//                        l  1 + ln tf                    (tf where tf < 1, here and for L and d)
//                        a  0.5 + 0.5 tf / (largest tf of the document)
//                        b  1
//                        L  (1 + ln tf) / (1 + ln(mean tf of the document's distinct terms))
//                        d  1 + ln(1 + ln tf)            (Singhal, Choi, Hindle, Lewis and Pereira
//                                                         1999, "AT&T at TREC-7")
//   document frequency   n  1
//                        t  ln(n / df)
//                        p  max(0, ln((n - df) / df))
//   normalisation        n  1
//                        c  1 / √(Σ w²)
//                        u  1 / ((1 - b) average_length + b · (distinct terms)), pivoted unique
//                           (Singhal, Buckley and Mitra 1996, "Pivoted document length
//                           normalization"); average_length is then the mean number of distinct
//                           terms of a document, b the slope
//
// A document's second letter is n, because its vector carries no document frequency. A query's
// third letter is n or c: neither changes an order.
struct Weighting {
    WeightingKind kind = WeightingKind::kPivoted;
    double k1 = 1.2;
    double b = 0.75;
    double average_length = 60;
    char smart[3] = {'n', 'n', 'n'};
};

inline constexpr double kDefaultK1 = 1.2;
inline constexpr double kDefaultAverageLength = 60;

// The standard b of a weighting: 0.75 for bm25, the slope 0.25 for u.
double default_b(std::string_view name, Side side);

// `name`: pivoted, bm25, a triple (lnc), or two with a point between them, documents' and query's
// (lnc.ltc), of which `side` takes its own; a single triple stands for its own side only.
// Throws Error(kInvalidArgument) for a name or letter that is unknown or makes no sense on that
// side, k1 not in [0, ∞), b not in [0, 1], or average_length not in (0, ∞).
Weighting parse_weighting(std::string_view name, Side side, double k1, double b,
                          double average_length);

// Throws Error(kInvalidArgument) for a title_weight not in [0, ∞): how often each word of a title
// counts, before anything is weighed.
void check_title_weight(double title_weight);

// The weight of a term in a document, for kPivoted and kBm25; tf > 0, length >= tf.
double saturated_weight(const Weighting& weighting, double tf, double length) noexcept;

// Turns counts into a document's weights, in place. `length`: the document's, of which the counts
// may be a part only.
void weigh_document(const Weighting& weighting, std::span<TermWeight> counts,
                    double length) noexcept;

// The idf of pivoted and bm25: ln(1 + (n - df + 0.5) / (df + 0.5)), which is above 0 for every
// df <= n (Robertson and Spärck Jones's weight of 1976, with 1 added under the logarithm). A term
// never seen has df = 0 and the largest idf. Where nothing is known (n = 0) every term counts
// alike: 1. A df above n (statistics in the making) counts as n.
double idf(std::int64_t df, std::int64_t n) noexcept;

// Turns counts into a query's weights, in place; df[i] belongs to counts[i]. Where nothing is known
// (n = 0) every document frequency weighs 1. Terms may end with weight 0.
void weigh_query(const Weighting& weighting, std::span<TermWeight> counts,
                 std::span<const std::int64_t> df, std::int64_t n) noexcept;

// The weights of scikit-learn's TfidfVectorizer (Pedregosa et al. 2011, "Scikit-learn: machine
// learning in Python"), with the names and defaults of its options.
struct ScikitOptions {
    enum class Norm { kNone, kL1, kL2 };
    Norm norm = Norm::kL2;
    bool use_idf = true;
    bool smooth_idf = true;     // ln((1 + n) / (1 + df)) + 1, else ln(n / df) + 1
    bool sublinear_tf = false;  // 1 + ln tf, else tf
};

// Throws Error(kInvalidArgument) unless `name` is l1, l2 or none.
ScikitOptions::Norm parse_norm(std::string_view name);

// Turns counts into scikit-learn's weights, in place. A term that no document contains (df = 0) is
// none of its vocabulary and gets weight 0.
void weigh_scikit(const ScikitOptions& options, std::span<TermWeight> counts,
                  std::span<const std::int64_t> df, std::int64_t n) noexcept;

}  // namespace knowhow
