// The text form of a vector: 'deep':0.6 'learn':0.8
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sparse/vector.hpp"

namespace knowhow {

// Terms read from text, in the order of bytes and each once. Not copyable: the terms point into
// its own bytes.
class ParsedText {
  public:
    // Reads terms separated by white space. A term is quoted or not, as in tsvector: '' stands for
    // a quote inside quotes, a backslash takes the next character as it is. After it may follow a
    // colon and a weight (any number that real accepts and is finite), without a space; without
    // them it weighs 1. Terms that come twice are added up. Empty text is the empty vector.
    // Throws Error: kInvalidText (syntax, NaN, infinity), kNumericOutOfRange.
    explicit ParsedText(std::string_view text);
    ParsedText(const ParsedText&) = delete;
    ParsedText& operator=(const ParsedText&) = delete;

    const std::vector<TermWeight>& terms() const noexcept { return terms_; }

  private:
    std::vector<TermWeight> terms_;
    std::string bytes_;  // the terms without quotes and escapes
};

// An upper bound of what print_text() writes, in bytes; below 1 GB for the largest vector.
std::size_t text_bound(VectorView vector) noexcept;

// Writes the text form, without a terminating zero, and returns its end. Weights are printed as
// the shortest decimal that reads back as the same float32, in the form that real has.
char* print_text(VectorView vector, char* out) noexcept;

// The shortest decimal that reads back as `weight`, at most kWeightChars bytes; returns its end.
inline constexpr std::size_t kWeightChars = 16;
char* print_weight(float weight, char* out) noexcept;

}  // namespace knowhow
