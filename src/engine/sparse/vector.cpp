#include "engine/sparse/vector.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

constexpr std::uint32_t kWide = std::uint32_t{1} << 31;
constexpr std::size_t kNarrowLimit = std::size_t{1} << 16;
constexpr std::size_t kHeadBytes = sizeof(std::uint32_t);

// From this ratio of lengths on, searching for each term of the shorter side beats a merge.
constexpr std::uint32_t kSearchRatio = 4;

[[noreturn]] void corrupted(const char* detail) {
    throw Error(ErrorCode::kDataCorrupted, "stored tfidf value is damaged", {}, detail);
}

bool rounds_to_zero(double weight) noexcept {
    return static_cast<float>(weight) == 0.0F;
}

std::string shortest(double value) {
    char text[32];
    return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void check(const TermWeight& entry) {
    if (entry.term.empty()) {
        throw Error(ErrorCode::kInvalidText, "a lexeme of type tfidf must not be empty");
    }
    if (entry.term.size() > kMaxLexemeBytes) {
        throw Error(ErrorCode::kLimitExceeded,
                    "lexeme is too long (" + std::to_string(entry.term.size()) +
                        " bytes, maximum " + std::to_string(kMaxLexemeBytes) + ")");
    }
    // Conversion, not comparison with the largest float: it rounds, as real's own input does.
    if (!std::isfinite(static_cast<float>(entry.weight))) {
        throw Error(ErrorCode::kNumericOutOfRange,
                    "weight " + shortest(entry.weight) +
                        " is out of range for type real, for lexeme \"" + std::string(entry.term) +
                        "\"");
    }
}

double dot_by_search(VectorView shorter, VectorView longer) noexcept {
    double sum = 0;
    std::uint32_t at = 0;
    for (std::uint32_t i = 0; i < shorter.size(); ++i) {
        const std::string_view term = shorter.term(i);
        at = longer.lower_bound(term, at);
        if (at == longer.size()) {
            break;
        }
        if (compare_terms(longer.term(at), term) == 0) {
            sum += static_cast<double>(shorter.weight(i)) * longer.weight(at);
            ++at;
        }
    }
    return sum;
}

double dot_by_merge(VectorView a, VectorView b) noexcept {
    double sum = 0;
    std::uint32_t i = 0;
    std::uint32_t j = 0;
    while (i < a.size() && j < b.size()) {
        const std::uint64_t left = a.prefix(i);
        const std::uint64_t right = b.prefix(j);
        if (left != right) [[likely]] {
            i += left < right;
            j += right < left;
            continue;
        }
        const int order = compare_terms(a.term(i), b.term(j));
        if (order == 0) {
            sum += static_cast<double>(a.weight(i)) * b.weight(j);
        }
        i += order <= 0;
        j += order >= 0;
    }
    return sum;
}

}  // namespace

VectorView::VectorView(const void* payload, std::size_t bytes) {
    if (bytes < kHeadBytes) {
        corrupted("It is shorter than its head.");
    }
    const char* at = static_cast<const char*>(payload);
    std::uint32_t head;
    std::memcpy(&head, at, kHeadBytes);
    wide_ = (head & kWide) != 0;
    size_ = head & ~kWide;
    const std::size_t end_bytes = wide_ ? sizeof(std::uint32_t) : sizeof(std::uint16_t);
    const std::size_t fixed = kHeadBytes + std::size_t{size_} * (sizeof(float) + end_bytes);
    if (fixed > bytes) {
        corrupted("It is shorter than its number of terms requires.");
    }
    weights_ = at + kHeadBytes;
    ends_ = weights_ + std::size_t{size_} * sizeof(float);
    lexemes_ = at + fixed;
    bytes_ = size_ == 0 ? 0 : end(size_ - 1);
    if (bytes_ != bytes - fixed) {
        corrupted("The lexemes do not end where it ends.");
    }
}

std::uint32_t VectorView::lower_bound(std::string_view term, std::uint32_t from) const noexcept {
    const std::uint64_t key = prefix_of(term);
    std::uint32_t low = from;
    std::uint32_t high = size_;
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        const std::uint64_t here = prefix(middle);
        if (here < key || (here == key && compare_terms(this->term(middle), term) < 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

std::int64_t VectorView::find(std::string_view term) const noexcept {
    const std::uint32_t at = lower_bound(term);
    return at < size_ && this->term(at) == term ? std::int64_t{at} : -1;
}

std::size_t encoded_size(std::span<const TermWeight> sorted) {
    std::size_t count = 0;
    std::size_t lexemes = 0;
    for (const TermWeight& entry : sorted) {
        check(entry);
        if (!rounds_to_zero(entry.weight)) {
            ++count;
            lexemes += entry.term.size();
        }
    }
    if (count > kMaxTerms) {
        throw Error(ErrorCode::kLimitExceeded,
                    "tfidf value has too many terms (" + std::to_string(count) + ", maximum " +
                        std::to_string(kMaxTerms) + ")",
                    "Split the document, or use a text search configuration with fewer lexemes.");
    }
    if (lexemes > kMaxLexemesBytes) {
        throw Error(ErrorCode::kLimitExceeded,
                    "lexemes of a tfidf value are too long together (" + std::to_string(lexemes) +
                        " bytes, maximum " + std::to_string(kMaxLexemesBytes) + ")",
                    "Split the document, or use a text search configuration with fewer lexemes.");
    }
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        if (compare_terms(sorted[i - 1].term, sorted[i].term) >= 0) {
            throw std::logic_error("terms of a tfidf value are not in order");
        }
    }
    const std::size_t end_bytes =
        lexemes < kNarrowLimit ? sizeof(std::uint16_t) : sizeof(std::uint32_t);
    return kHeadBytes + count * (sizeof(float) + end_bytes) + lexemes;
}

void encode(std::span<const TermWeight> sorted, void* payload) {
    std::size_t count = 0;
    std::size_t lexemes = 0;
    for (const TermWeight& entry : sorted) {
        if (!rounds_to_zero(entry.weight)) {
            ++count;
            lexemes += entry.term.size();
        }
    }
    const bool wide = lexemes >= kNarrowLimit;
    const std::uint32_t head = static_cast<std::uint32_t>(count) | (wide ? kWide : 0);
    char* weight_at = static_cast<char*>(payload);
    std::memcpy(weight_at, &head, kHeadBytes);
    weight_at += kHeadBytes;
    char* end_at = weight_at + count * sizeof(float);
    char* const bytes = end_at + count * (wide ? sizeof(std::uint32_t) : sizeof(std::uint16_t));
    std::uint32_t end = 0;
    for (const TermWeight& entry : sorted) {
        const float weight = static_cast<float>(entry.weight);
        if (weight == 0.0F) {
            continue;
        }
        std::memcpy(weight_at, &weight, sizeof weight);
        weight_at += sizeof weight;
        std::memcpy(bytes + end, entry.term.data(), entry.term.size());
        end += static_cast<std::uint32_t>(entry.term.size());
        if (wide) {
            std::memcpy(end_at, &end, sizeof end);
            end_at += sizeof end;
        } else {
            const std::uint16_t narrow = static_cast<std::uint16_t>(end);
            std::memcpy(end_at, &narrow, sizeof narrow);
            end_at += sizeof narrow;
        }
    }
}

void canonicalize(std::vector<TermWeight>& terms) {
    // Stable, so that equal terms are always added up in the order in which they came.
    const auto less = [](const TermWeight& a, const TermWeight& b) {
        return compare_terms(a.term, b.term) < 0;
    };
    if (!std::is_sorted(terms.begin(), terms.end(), less)) {
        std::stable_sort(terms.begin(), terms.end(), less);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
        if (kept > 0 && terms[kept - 1].term == terms[i].term) {
            terms[kept - 1].weight += terms[i].weight;
        } else {
            terms[kept++] = terms[i];
        }
    }
    terms.resize(kept);
}

double dot(VectorView a, VectorView b) noexcept {
    const VectorView shorter = a.size() <= b.size() ? a : b;
    const VectorView longer = a.size() <= b.size() ? b : a;
    return longer.size() / kSearchRatio >= shorter.size() ? dot_by_search(shorter, longer)
                                                          : dot_by_merge(shorter, longer);
}

double squared_norm(VectorView v) noexcept {
    double sum = 0;
    for (std::uint32_t i = 0; i < v.size(); ++i) {
        const double weight = v.weight(i);
        sum += weight * weight;
    }
    return sum;
}

}  // namespace knowhow
