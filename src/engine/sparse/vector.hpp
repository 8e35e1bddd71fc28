// Sparse vectors of terms: how one is stored, read and written.
//
// A vector holds distinct terms (byte strings in the database encoding) in the order of their
// bytes (memcmp, then length), each with a finite weight that is not zero. Equal vectors are
// therefore equal bytes.
//
// Payload, in the machine's byte order, without padding:
//     uint32   head          number of terms; the top bit set when the ends are wide
//     float32  weights[n]
//     uint16 or uint32 ends[n]   end of each lexeme, counted from the start of the lexemes
//     bytes    lexemes       one after the other, no separators
// A term takes 6 bytes besides its lexeme (8 where all lexemes together take 64 kB or more) and
// the vector 4, against tsvector's 4 (WordEntry) + 4 (one position) + padding. Four bytes carry
// the weight, because ranking needs no more than float32; two find the lexeme, because the end of
// one is the start of the next. A number per term instead of its lexeme would be smaller, and
// would tie every stored row to a dictionary that changes with each insertion. Nothing is
// compressed here: TOAST does that when the row is long, and reading stays a pointer and a binary
// search.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace knowhow {

// Limits, chosen so that the text form of the largest vector, every byte escaped and again by
// COPY, stays below PostgreSQL's 1 GB: whatever can be stored can be dumped.
inline constexpr std::size_t kMaxTerms = 20'000'000;
inline constexpr std::size_t kMaxLexemesBytes = std::size_t{128} << 20;
// Bytes of one lexeme: as long as tsvector allows.
inline constexpr std::size_t kMaxLexemeBytes = 2046;

// A term on its way into a vector. The bytes of the term belong to somebody else.
struct TermWeight {
    std::string_view term;
    double weight;
};

// Read-only view of one stored vector; does not own the payload, needs no alignment, and may be
// copied freely and forgotten without a destructor.
class VectorView {
  public:
    // The empty vector.
    VectorView() = default;

    // `payload`: what encode() wrote (in the server: the datum after its varlena header). Throws
    // Error(kDataCorrupted) when the sizes contradict each other; terms are not looked at.
    VectorView(const void* payload, std::size_t bytes);

    std::uint32_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    // The i-th term in the order of bytes, i < size().
    std::string_view term(std::uint32_t i) const noexcept {
        const std::uint32_t begin = i == 0 ? 0 : end(i - 1);
        return {lexemes_ + begin, end(i) - begin};
    }

    // The first eight bytes of the i-th term, padded with zeros, as a number: where two differ, so
    // do the terms, in the same order. Comparing these first spares most calls of memcmp.
    std::uint64_t prefix(std::uint32_t i) const noexcept {
        const std::uint32_t begin = i == 0 ? 0 : end(i - 1);
        const std::uint32_t length = end(i) - begin;
        // A whole load may take bytes of the next term along, but none behind the payload.
        return bytes_ - begin >= 8 && begin < bytes_ ? masked_prefix(lexemes_ + begin, length)
                                                     : prefix_of({lexemes_ + begin, length});
    }
    static std::uint64_t prefix_of(std::string_view term) noexcept {
        char first[8] = {};
        std::memcpy(first, term.data(), term.size() < 8 ? term.size() : 8);
        return masked_prefix(first, term.size());
    }

    // Calls visit(i, prefix(i)) for every term in turn, with half the loads.
    template <typename Visit>
    void for_each_prefix(Visit&& visit) const noexcept {
        wide_ ? for_each_prefix_by<std::uint32_t>(visit) : for_each_prefix_by<std::uint16_t>(visit);
    }

    float weight(std::uint32_t i) const noexcept {
        float value;
        std::memcpy(&value, weights_ + std::size_t{i} * sizeof value, sizeof value);
        return value;
    }

    // Index of the first term that is not less than `term`, at or after `from`; size() if none.
    std::uint32_t lower_bound(std::string_view term, std::uint32_t from = 0) const noexcept;

    // Index of `term`, or -1.
    std::int64_t find(std::string_view term) const noexcept;

    // Bytes of all lexemes together.
    std::uint32_t lexemes_bytes() const noexcept { return bytes_; }

  private:
    static std::uint64_t masked_prefix(const char* eight, std::size_t length) noexcept {
        std::uint64_t value;
        std::memcpy(&value, eight, sizeof value);
        if constexpr (std::endian::native == std::endian::little) {
            value = __builtin_bswap64(value);
        }
        constexpr std::uint64_t kAll = ~std::uint64_t{0};
        return length >= 8 ? value : value & ~(kAll >> (8 * length));
    }

    template <typename End, typename Visit>
    void for_each_prefix_by(Visit& visit) const noexcept {
        std::uint32_t begin = 0;
        std::uint32_t i = 0;
        for (const char* at = ends_; i < size_; ++i, at += sizeof(End)) {
            End end;
            std::memcpy(&end, at, sizeof end);
            if (begin + std::uint64_t{8} > bytes_) {
                break;
            }
            visit(i, masked_prefix(lexemes_ + begin, end - begin));
            begin = end;
        }
        for (; i < size_; ++i) {
            visit(i, prefix(i));
        }
    }

    std::uint32_t end(std::uint32_t i) const noexcept {
        if (wide_) {
            std::uint32_t value;
            std::memcpy(&value, ends_ + std::size_t{i} * sizeof value, sizeof value);
            return value;
        }
        std::uint16_t value;
        std::memcpy(&value, ends_ + std::size_t{i} * sizeof value, sizeof value);
        return value;
    }

    const char* weights_ = nullptr;
    const char* ends_ = nullptr;
    const char* lexemes_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t bytes_ = 0;  // of all lexemes
    bool wide_ = false;
};

// Less than 0, 0, or greater than 0, as `a` sorts before, with or after `b`: bytes, then length.
inline int compare_terms(std::string_view a, std::string_view b) noexcept {
    const std::size_t shorter = a.size() < b.size() ? a.size() : b.size();
    const int order = shorter == 0 ? 0 : std::memcmp(a.data(), b.data(), shorter);
    if (order != 0) {
        return order;
    }
    return a.size() < b.size() ? -1 : a.size() > b.size();
}

// Bytes that encode() will write. The one place where every writer's terms are checked: throws
// Error(kNumericOutOfRange) for a weight that float32 cannot hold, Error(kInvalidText) for an
// empty lexeme, Error(kLimitExceeded) for one that is too long or a vector that is too large.
// `sorted`: in the order of bytes, each term once (else std::logic_error). Weights that round to
// zero are left out.
std::size_t encoded_size(std::span<const TermWeight> sorted);

// Writes the payload: exactly encoded_size(sorted) bytes, which must have been asked for first.
void encode(std::span<const TermWeight> sorted, void* payload);

// Brings terms into the order of bytes and adds up the weights of equal ones, in double.
void canonicalize(std::vector<TermWeight>& terms);

// Inner product and squared Euclidean norm, summed in double. Terms that only one side has count
// as zero. dot() takes O(s log l) comparisons where one side is much shorter (s of l terms; a
// query against a document), O(s + l) otherwise.
double dot(VectorView a, VectorView b) noexcept;
double squared_norm(VectorView v) noexcept;

}  // namespace knowhow
