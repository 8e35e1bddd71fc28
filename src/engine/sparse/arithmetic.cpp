#include "engine/sparse/arithmetic.hpp"

#include <algorithm>
#include <cmath>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

// Walks both vectors in the order of terms and calls visit(term, weight in a, weight in b), with 0
// for a term that one side lacks.
template <typename Visit>
void merge(VectorView a, VectorView b, Visit&& visit) {
    std::uint32_t i = 0;
    std::uint32_t j = 0;
    while (i < a.size() && j < b.size()) {
        const std::string_view left = a.term(i);
        const std::string_view right = b.term(j);
        const int order = compare_terms(left, right);
        visit(order <= 0 ? left : right, order <= 0 ? a.weight(i) : 0.0F,
              order >= 0 ? b.weight(j) : 0.0F);
        i += order <= 0;
        j += order >= 0;
    }
    for (; i < a.size(); ++i) {
        visit(a.term(i), a.weight(i), 0.0F);
    }
    for (; j < b.size(); ++j) {
        visit(b.term(j), 0.0F, b.weight(j));
    }
}

}  // namespace

double cosine_distance(VectorView a, VectorView b) noexcept {
    if (a.empty() || b.empty()) {
        return 1;
    }
    // The squares of float32 weights neither overflow nor vanish in double, nor does the product.
    const double cosine = dot(a, b) / std::sqrt(squared_norm(a) * squared_norm(b));
    return 1 - std::clamp(cosine, -1.0, 1.0);
}

double euclidean_distance(VectorView a, VectorView b) noexcept {
    double sum = 0;
    merge(a, b, [&](std::string_view, double left, double right) {
        sum += (left - right) * (left - right);
    });
    return std::sqrt(sum);
}

bool overlap(VectorView a, VectorView b) noexcept {
    const VectorView shorter = a.size() <= b.size() ? a : b;
    const VectorView longer = a.size() <= b.size() ? b : a;
    std::uint32_t at = 0;
    for (std::uint32_t i = 0; i < shorter.size() && at < longer.size(); ++i) {
        at = longer.lower_bound(shorter.term(i), at);
        if (at < longer.size() && longer.term(at) == shorter.term(i)) {
            return true;
        }
    }
    return false;
}

int compare(VectorView a, VectorView b) noexcept {
    const std::uint32_t shorter = std::min(a.size(), b.size());
    for (std::uint32_t i = 0; i < shorter; ++i) {
        const int order = compare_terms(a.term(i), b.term(i));
        if (order != 0) {
            return order < 0 ? -1 : 1;
        }
        const float left = a.weight(i);
        const float right = b.weight(i);
        if (left != right) {
            return left < right ? -1 : 1;
        }
    }
    return a.size() < b.size() ? -1 : a.size() > b.size();
}

std::vector<TermWeight> combine(VectorView a, double a_factor, VectorView b, double b_factor) {
    std::vector<TermWeight> terms;
    terms.reserve(std::size_t{a.size()} + b.size());
    merge(a, b, [&](std::string_view term, double left, double right) {
        terms.push_back({term, a_factor * left + b_factor * right});
    });
    return terms;
}

std::vector<TermWeight> scale(VectorView v, double factor) {
    if (!std::isfinite(factor)) {
        throw Error(ErrorCode::kInvalidArgument,
                    "a tfidf value can only be multiplied by a finite number");
    }
    std::vector<TermWeight> terms;
    terms.reserve(v.size());
    for (std::uint32_t i = 0; i < v.size(); ++i) {
        terms.push_back({v.term(i), v.weight(i) * factor});
    }
    return terms;
}

std::vector<TermWeight> normalize(VectorView v) {
    const double norm = std::sqrt(squared_norm(v));
    std::vector<TermWeight> terms;
    terms.reserve(v.size());
    for (std::uint32_t i = 0; i < v.size(); ++i) {
        terms.push_back({v.term(i), v.weight(i) / norm});
    }
    return terms;
}

}  // namespace knowhow
