#include "engine/sparse/text_form.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "engine/base/error.hpp"
#include "sparse_support.hpp"

namespace knowhow {
namespace {

using namespace sparse_test;

std::string print(VectorView view) {
    std::string text(text_bound(view), '\0');
    text.resize(static_cast<std::size_t>(print_text(view, text.data()) - text.data()));
    return text;
}

std::string reprint(std::string_view text) {
    return print(Stored(ParsedText(text).terms()).view());
}

ErrorCode error_of(std::string_view text) {
    try {
        ParsedText{text};
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "no error for " << text;
    return ErrorCode::kCanceled;
}

TEST(SparseTextForm, ReadsAndPrints) {
    EXPECT_EQ(reprint(""), "");
    EXPECT_EQ(reprint(" \t\n "), "");
    EXPECT_EQ(reprint("'learn':0.8 'deep':0.6"), "'deep':0.6 'learn':0.8");
    EXPECT_EQ(reprint("plain:+2  no_weight c++:1e0"), "'c++':1 'no_weight':1 'plain':2");
    EXPECT_EQ(reprint("a a:2 'a':-0.5"), "'a':2.5");
    EXPECT_EQ(reprint("a:0 b:-0 c:1 d d:-1"), "'c':1");
    EXPECT_EQ(reprint(R"('it''s' 'a\\b' a\ b \: 'c\'d' don't)"),
              R"(':':1 'a b':1 'a\\b':1 'c''d':1 'don''t':1 'it''s':1)");
    EXPECT_EQ(reprint("'深度学习':1.5"), "'深度学习':1.5");
    EXPECT_EQ(reprint("a:0.1 b:1000000 c:1e-5 d:123456.7 e:3.4028235e38"),
              "'a':0.1 'b':1e+06 'c':1e-05 'd':123456.7 'e':3.4028235e+38");
}

TEST(SparseTextForm, RefusesWhatItCannotRead) {
    for (const char* text :
         {"'a",    "'",     "''",          "'':1",  ":",     ":1",    "a:",    "a: 1",
          "a:x",   "a:1x",  "a:1,2",       "a:1A",  "'a'b",  "'a'1",  "a\\",   "'a\\",
          "a:nan", "a:inf", "a:-Infinity", "a:+-1", "a:++1", "a:1:2", "a:0x10"}) {
        EXPECT_EQ(error_of(text), ErrorCode::kInvalidText) << text;
    }
    EXPECT_EQ(error_of("a:1e39"), ErrorCode::kNumericOutOfRange);
    EXPECT_EQ(error_of("a:-1e400"), ErrorCode::kNumericOutOfRange);
    EXPECT_EQ(error_of("a:1e-60"), ErrorCode::kNumericOutOfRange);
}

TEST(SparseTextForm, EveryWeightReadsBackAsItself) {
    std::mt19937 random(6);
    char text[kWeightChars];
    for (int i = 0; i < 200'000; ++i) {
        const float weight = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        if (!std::isfinite(weight) || weight == 0) {
            continue;
        }
        const std::string term = "a:" + std::string(text, print_weight(weight, text));
        ASSERT_EQ(static_cast<float>(ParsedText(term).terms().at(0).weight), weight) << term;
    }
}

TEST(SparseTextForm, RandomVectorsSurviveARoundTrip) {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        const Stored stored(random_naive(random, random() % 50, 1000));
        const std::string text = print(stored.view());
        ASSERT_EQ(Stored(ParsedText(text).terms()).payload(), stored.payload()) << text;
    }
}

TEST(SparseTextForm, TheLargestVectorCanBeDumped) {
    // COPY may escape each backslash of the text form again.
    constexpr std::size_t per_term = 4 + kWeightChars;
    EXPECT_LT(kMaxLexemesBytes * 4 + kMaxTerms * per_term, std::size_t{1} << 30);
}

}  // namespace
}  // namespace knowhow
