#include "engine/rank/weighting.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

constexpr double kBm25B = 0.75;
constexpr double kSlope = 0.25;
constexpr std::string_view kTermFrequencies = "nlabLd";
constexpr std::string_view kDocumentFrequencies = "ntp";
constexpr std::string_view kNormalisations = "ncu";

[[noreturn]] void unknown_weighting(std::string_view name) {
    throw Error(ErrorCode::kInvalidArgument, "unknown weighting \"" + std::string(name) + "\"",
                "Weightings are pivoted, bm25, and SMART's triples, such as lnc, or lnc.ltc for "
                "documents and queries.");
}

[[noreturn]] void bad_letter(std::string_view triple, std::size_t at, const std::string& hint) {
    static const char* const parts[] = {"term frequency", "document frequency", "normalisation"};
    throw Error(ErrorCode::kInvalidArgument,
                "weighting \"" + std::string(triple) + "\": letter \"" +
                    std::string(1, triple[at]) + "\" for the " + parts[at] + " is not supported",
                hint);
}

// The half of "lnc.ltc" that belongs to the side; a name without a point belongs to both.
std::string_view half_of(std::string_view name, Side side) noexcept {
    const std::size_t point = name.find('.');
    if (point == std::string_view::npos) {
        return name;
    }
    return side == Side::kDocument ? name.substr(0, point) : name.substr(point + 1);
}

void check_triple(std::string_view triple, Side side) {
    if (kTermFrequencies.find(triple[0]) == std::string_view::npos) {
        bad_letter(triple, 0, "It is one of n, l, a, b, L and d.");
    }
    if (kDocumentFrequencies.find(triple[1]) == std::string_view::npos) {
        bad_letter(triple, 1, "It is one of n, t and p.");
    }
    if (kNormalisations.find(triple[2]) == std::string_view::npos) {
        bad_letter(triple, 2,
                   triple[2] == 'b'
                       ? "It is one of n, c and u. Lengths are counted in terms, not in bytes."
                       : "It is one of n, c and u.");
    }
    if (side == Side::kDocument && triple[1] != 'n') {
        bad_letter(triple, 1,
                   "A document's vector carries no document frequency, so that it never goes "
                   "stale: use n here and " +
                       std::string(1, triple[1]) + " on the side of the query, as in lnc.ltc.");
    }
    if (side == Side::kQuery && triple[2] == 'u') {
        bad_letter(triple, 2, "On the side of the query it is n or c.");
    }
}

void check_range(const char* parameter, double value, bool ok, const char* range) {
    if (!ok || !std::isfinite(value)) {
        std::string number = std::to_string(value);
        number.erase(std::min(number.find_last_not_of('0') + 1, number.size()));
        if (number.back() == '.') {
            number.pop_back();
        }
        throw Error(ErrorCode::kInvalidArgument, std::string(parameter) + " is " + number,
                    std::string("It must be ") + range + ".");
    }
}

double log_tf(double tf) noexcept {
    return tf < 1 ? tf : 1 + std::log(tf);
}

// First letter of a triple, for all terms of one document or query.
void apply_term_frequency(char letter, std::span<TermWeight> counts) noexcept {
    double largest = 0;
    double total = 0;
    for (const TermWeight& count : counts) {
        largest = std::max(largest, count.weight);
        total += count.weight;
    }
    const double mean = log_tf(total / static_cast<double>(counts.size()));
    for (TermWeight& count : counts) {
        double& w = count.weight;
        switch (letter) {
            case 'l':
                w = log_tf(w);
                break;
            case 'a':
                w = 0.5 + 0.5 * w / largest;
                break;
            case 'b':
                w = 1;
                break;
            case 'L':
                w = log_tf(w) / mean;
                break;
            case 'd':
                w = w < 1 ? w : 1 + std::log(1 + std::log(w));
                break;
            default:
                break;
        }
    }
}

void divide(std::span<TermWeight> weights, double by) noexcept {
    if (by > 0) {
        for (TermWeight& w : weights) {
            w.weight /= by;
        }
    }
}

double length_l2(std::span<const TermWeight> weights) noexcept {
    double sum = 0;
    for (const TermWeight& w : weights) {
        sum += w.weight * w.weight;
    }
    return std::sqrt(sum);
}

double smart_df(char letter, std::int64_t df, std::int64_t n) noexcept {
    if (letter == 'n' || n <= 0) {
        return 1;
    }
    // A term never seen is weighed as one of a single document: ln(n / 0) is no number.
    const double count = static_cast<double>(std::clamp<std::int64_t>(df, 1, n));
    const double documents = static_cast<double>(n);
    if (letter == 't') {
        return std::log(documents / count);
    }
    return count >= documents ? 0 : std::max(0.0, std::log((documents - count) / count));
}

}  // namespace

double default_b(std::string_view name, Side side) {
    const std::string_view half = half_of(name, side);
    return half.size() == 3 && half[2] == 'u' ? kSlope : kBm25B;
}

Weighting parse_weighting(std::string_view name, Side side, double k1, double b,
                          double average_length) {
    check_range("k1", k1, k1 >= 0, "0 or more, and finite");
    check_range("b", b, b >= 0 && b <= 1, "between 0 and 1");
    check_range("average_length", average_length, average_length > 0, "above 0, and finite");
    Weighting weighting;
    weighting.k1 = k1;
    weighting.b = b;
    weighting.average_length = average_length;
    if (name == "pivoted") {
        return weighting;
    }
    if (name == "bm25") {
        weighting.kind = WeightingKind::kBm25;
        return weighting;
    }
    const std::size_t point = name.find('.');
    const std::string_view documents = half_of(name, Side::kDocument);
    const std::string_view queries = half_of(name, Side::kQuery);
    if (documents.size() != 3 || queries.size() != 3) {
        unknown_weighting(name);
    }
    if (point != std::string_view::npos) {
        // Both halves are checked on both sides, so that a mistake shows at the first of them.
        check_triple(documents, Side::kDocument);
        check_triple(queries, Side::kQuery);
    }
    const std::string_view triple = side == Side::kDocument ? documents : queries;
    check_triple(triple, side);
    weighting.kind = WeightingKind::kSmart;
    std::copy_n(triple.begin(), 3, weighting.smart);
    return weighting;
}

void check_title_weight(double title_weight) {
    check_range("title_weight", title_weight, title_weight >= 0, "0 or more, and finite");
}

double saturated_weight(const Weighting& weighting, double tf, double length) noexcept {
    const double ratio = length / weighting.average_length;
    const double norm = weighting.kind == WeightingKind::kBm25
                            ? 1 - weighting.b + weighting.b * ratio
                            : std::sqrt(ratio);
    return tf * (weighting.k1 + 1) / (tf + weighting.k1 * norm);
}

void weigh_document(const Weighting& weighting, std::span<TermWeight> counts,
                    double length) noexcept {
    if (counts.empty()) {
        return;
    }
    if (weighting.kind != WeightingKind::kSmart) {
        for (TermWeight& count : counts) {
            count.weight = saturated_weight(weighting, count.weight, length);
        }
        return;
    }
    apply_term_frequency(weighting.smart[0], counts);
    if (weighting.smart[2] == 'c') {
        divide(counts, length_l2(counts));
    } else if (weighting.smart[2] == 'u') {
        divide(counts, (1 - weighting.b) * weighting.average_length +
                           weighting.b * static_cast<double>(counts.size()));
    }
}

double idf(std::int64_t df, std::int64_t n) noexcept {
    if (n <= 0) {
        return 1;
    }
    const double count = static_cast<double>(std::clamp<std::int64_t>(df, 0, n));
    return std::log1p((static_cast<double>(n) - count + 0.5) / (count + 0.5));
}

void weigh_query(const Weighting& weighting, std::span<TermWeight> counts,
                 std::span<const std::int64_t> df, std::int64_t n) noexcept {
    if (counts.empty()) {
        return;
    }
    if (weighting.kind != WeightingKind::kSmart) {
        for (std::size_t i = 0; i < counts.size(); ++i) {
            counts[i].weight *= idf(df[i], n);
        }
        return;
    }
    apply_term_frequency(weighting.smart[0], counts);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        counts[i].weight *= smart_df(weighting.smart[1], df[i], n);
    }
    if (weighting.smart[2] == 'c') {
        divide(counts, length_l2(counts));
    }
}

ScikitOptions::Norm parse_norm(std::string_view name) {
    if (name == "l2") {
        return ScikitOptions::Norm::kL2;
    }
    if (name == "l1") {
        return ScikitOptions::Norm::kL1;
    }
    if (name == "none") {
        return ScikitOptions::Norm::kNone;
    }
    throw Error(ErrorCode::kInvalidArgument, "unknown norm \"" + std::string(name) + "\"",
                "Norms are l2, l1 and none.");
}

void weigh_scikit(const ScikitOptions& options, std::span<TermWeight> counts,
                  std::span<const std::int64_t> df, std::int64_t n) noexcept {
    for (std::size_t i = 0; i < counts.size(); ++i) {
        double& w = counts[i].weight;
        if (df[i] <= 0) {
            w = 0;
            continue;
        }
        if (options.sublinear_tf) {
            w = 1 + std::log(w);
        }
        if (options.use_idf) {
            const double one = options.smooth_idf ? 1 : 0;
            w *= std::log((one + static_cast<double>(n)) / (one + static_cast<double>(df[i]))) + 1;
        }
    }
    if (options.norm == ScikitOptions::Norm::kL2) {
        divide(counts, length_l2(counts));
    } else if (options.norm == ScikitOptions::Norm::kL1) {
        double sum = 0;
        for (const TermWeight& count : counts) {
            sum += std::abs(count.weight);
        }
        divide(counts, sum);
    }
}

}  // namespace knowhow
