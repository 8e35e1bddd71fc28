// What the tests of sparse vectors share: a naive vector, and random ones.
#pragma once

#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/sparse/vector.hpp"

namespace knowhow::sparse_test {

// The reference: an ordered map, whose order of std::string is that of unsigned bytes.
using Naive = std::map<std::string, double>;

// A stored vector with the payload it lives in, at an odd address on purpose.
class Stored {
  public:
    Stored() : Stored(std::vector<TermWeight>{}) {}
    explicit Stored(const std::vector<TermWeight>& sorted) : bytes_(encoded_size(sorted) + 1) {
        encode(sorted, bytes_.data() + 1);
    }
    explicit Stored(const Naive& naive) : Stored(terms(naive)) {}

    VectorView view() const { return VectorView(bytes_.data() + 1, bytes_.size() - 1); }
    std::string payload() const { return std::string(bytes_.data() + 1, bytes_.size() - 1); }

    static std::vector<TermWeight> terms(const Naive& naive) {
        std::vector<TermWeight> result;
        for (const auto& [term, weight] : naive) {
            result.push_back({term, weight});
        }
        return result;
    }

  private:
    std::vector<char> bytes_;
};

inline Naive to_naive(const std::vector<TermWeight>& terms) {
    Naive result;
    for (const TermWeight& term : terms) {
        const float weight = static_cast<float>(term.weight);
        if (weight != 0) {
            result[std::string(term.term)] += weight;
        }
    }
    return result;
}

inline Naive to_naive(VectorView view) {
    Naive result;
    for (std::uint32_t i = 0; i < view.size(); ++i) {
        result[std::string(view.term(i))] = view.weight(i);
    }
    return result;
}

// `size` draws from `vocabulary` terms, of all bytes but zero, many of them prefixes of others;
// weights of both signs are float32 values.
inline Naive random_naive(std::mt19937& random, std::size_t size, std::size_t vocabulary) {
    Naive result;
    for (std::size_t i = 0; i < size; ++i) {
        std::mt19937 word(static_cast<unsigned>(random() % vocabulary));
        std::string term;
        const std::size_t length = 1 + word() % 12;
        for (std::size_t k = 0; k < length; ++k) {
            term += static_cast<char>(word() % 4 == 0 ? 1 + word() % 255 : 'a' + word() % 2);
        }
        const float weight = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 64;
        if (weight != 0) {
            result[term] = weight;
        }
    }
    return result;
}

}  // namespace knowhow::sparse_test
