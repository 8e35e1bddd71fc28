#include "engine/sparse/text_form.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

constexpr const char* kFormHint =
    "The form of a tfidf value is 'lexeme':weight 'lexeme':weight; inside the quotes, '' is a "
    "quote and \\\\ a backslash. To convert a tsvector, cast it: '...'::tsvector::tfidf.";

// As much of the offending text as helps to find it; cut only where a character ends, in every
// server encoding: at white space, or not at all. The border clips what remains too long.
std::string token_at(std::string_view text, std::size_t at) {
    const std::size_t end = text.find_first_of(" \t\n\v\f\r", at);
    return std::string(text.substr(at, end == std::string_view::npos ? end : end - at));
}

[[noreturn]] void syntax_error(const char* what, std::string_view text, std::size_t at) {
    throw Error(ErrorCode::kInvalidText,
                "invalid input syntax for type tfidf: " + token_at(text, at), kFormHint, what);
}

// White space is ASCII only: it means the same in every encoding and locale.
bool is_space(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Reads text from start to end once. Every server encoding keeps ASCII bytes for ASCII
// characters, so quotes, backslashes and colons are found byte by byte.
class Parser {
  public:
    Parser(std::string_view text, std::string& bytes) : text_(text), bytes_(bytes) {}

    bool next() {
        while (at_ < text_.size() && is_space(text_[at_])) {
            ++at_;
        }
        token_ = at_;
        return at_ < text_.size();
    }

    // The bytes go to the end of bytes_, which must not move.
    std::string_view term() {
        const std::size_t begin = bytes_.size();
        if (text_[at_] == '\'') {
            quoted();
        } else {
            bare();
        }
        if (bytes_.size() == begin) {
            syntax_error("A lexeme must not be empty.", text_, token_);
        }
        return std::string_view(bytes_).substr(begin);
    }

    double weight() {
        if (at_ == text_.size() || text_[at_] != ':') {
            end_of_term();
            return 1;
        }
        const char* begin = text_.data() + ++at_;
        const char* const end = text_.data() + text_.size();
        if (begin != end && *begin == '+' && begin + 1 != end && begin[1] != '-') {
            ++begin;
        }
        float weight = 0;
        const auto [stop, failure] = std::from_chars(begin, end, weight);
        if (failure == std::errc::result_out_of_range) {
            throw Error(ErrorCode::kNumericOutOfRange,
                        "\"" + std::string(begin, stop) + "\" is out of range for type real");
        }
        if (failure != std::errc{}) {
            syntax_error("After the colon a weight is expected.", text_, token_);
        }
        at_ = static_cast<std::size_t>(stop - text_.data());
        end_of_term();
        if (!std::isfinite(weight)) {
            syntax_error("A weight must be finite.", text_, token_);
        }
        return weight;
    }

  private:
    void quoted() {
        ++at_;
        for (;; ++at_) {
            if (at_ == text_.size()) {
                syntax_error("A quote is not closed.", text_, token_);
            }
            if (text_[at_] == '\'') {
                ++at_;
                if (at_ == text_.size() || text_[at_] != '\'') {
                    return;
                }
            } else if (text_[at_] == '\\') {
                escape();
            }
            bytes_ += text_[at_];
        }
    }

    void bare() {
        for (; at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ':'; ++at_) {
            if (text_[at_] == '\\') {
                escape();
            }
            bytes_ += text_[at_];
        }
    }

    void escape() {
        if (++at_ == text_.size()) {
            syntax_error("After a backslash a character is expected.", text_, token_);
        }
    }

    void end_of_term() {
        if (at_ < text_.size() && !is_space(text_[at_])) {
            syntax_error("After a term a space is expected.", text_, token_);
        }
    }

    std::string_view text_;
    std::string& bytes_;
    std::size_t at_ = 0;
    std::size_t token_ = 0;  // where the present term began
};

}  // namespace

ParsedText::ParsedText(std::string_view text) {
    bytes_.reserve(text.size());  // nothing grows when unescaped: views stay valid
    Parser parser(text, bytes_);
    while (parser.next()) {
        const std::string_view term = parser.term();
        const double weight = parser.weight();
        terms_.push_back({term, weight});
    }
    canonicalize(terms_);
}

std::size_t text_bound(VectorView vector) noexcept {
    // Besides its bytes, each of which may be escaped, a term has two quotes, a colon, a space.
    return std::size_t{vector.lexemes_bytes()} * 2 +
           std::size_t{vector.size()} * (4 + kWeightChars);
}

char* print_text(VectorView vector, char* out) noexcept {
    for (std::uint32_t i = 0; i < vector.size(); ++i) {
        if (i > 0) {
            *out++ = ' ';
        }
        *out++ = '\'';
        for (const char c : vector.term(i)) {
            if (c == '\'' || c == '\\') {
                *out++ = c;
            }
            *out++ = c;
        }
        *out++ = '\'';
        *out++ = ':';
        out = print_weight(vector.weight(i), out);
    }
    return out;
}

char* print_weight(float weight, char* out) noexcept {
    return std::to_chars(out, out + kWeightChars, weight, std::chars_format::general).ptr;
}

}  // namespace knowhow
