// Shared by the tests of what works on term vectors: generated documents, and their dense form.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/sparse/vector.hpp"

namespace knowhow::test {

using Terms = std::map<std::string, double>;

// A vector with its bytes.
class Vector {
  public:
    explicit Vector(const Terms& terms) {
        std::vector<TermWeight> sorted;
        for (const auto& [term, weight] : terms) {
            sorted.push_back({term, weight});
        }
        size_ = encoded_size(sorted);
        payload_.resize(size_ / sizeof(std::uint32_t) + 1);
        encode(sorted, payload_.data());
    }
    VectorView view() const { return VectorView(payload_.data(), size_); }

  private:
    std::vector<std::uint32_t> payload_;  // aligned to 4 bytes, as stored values are
    std::size_t size_ = 0;
};

// Weights are multiples of 1/8, so that a float holds them exactly.
inline std::vector<Terms> random_documents(std::uint32_t seed, std::size_t count, int vocabulary,
                                           int length, bool with_negatives = false) {
    std::mt19937 random(seed);
    std::vector<Terms> result(count);
    for (Terms& terms : result) {
        for (int n = 0; n < length; ++n) {
            const auto term = random() % static_cast<unsigned>(vocabulary);
            double weight = (1 + random() % 16) / 8.0;
            if (with_negatives && random() % 4 == 0) {
                weight = -weight;
            }
            terms["t" + std::to_string(term * term)] = weight;
        }
    }
    return result;
}

inline std::vector<Vector> encoded(const std::vector<Terms>& documents) {
    std::vector<Vector> result;
    for (const Terms& terms : documents) {
        result.emplace_back(terms);
    }
    return result;
}

}  // namespace knowhow::test
