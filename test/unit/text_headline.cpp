// The choice of what to show of a document.
#include "engine/text/headline.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using knowhow::Monitor;
using knowhow::text::choose_fragments;
using knowhow::text::Fragment;
using knowhow::text::HeadlineOptions;
using knowhow::text::HeadlineToken;

// A document in letters: a digit matches that item, 'x' is a word, 's' a short one, ' ' a blank.
std::string chosen(const std::string& text, const HeadlineOptions& options) {
    std::vector<HeadlineToken> tokens;
    for (const char c : text) {
        const bool item = c >= '0' && c <= '9';
        tokens.push_back(
            {item ? c - '0' : -1, static_cast<std::uint8_t>(c == ' ' ? 0 : 2), c == 's'});
    }
    std::vector<Fragment> fragments(options.max_fragments + 1);
    Monitor monitor;
    const std::size_t count = choose_fragments(tokens, options, monitor, fragments);
    std::string result;
    for (std::size_t i = 0; i < count; ++i) {
        result += (i == 0 ? "" : "|") +
                  text.substr(fragments[i].begin, fragments[i].end - fragments[i].begin);
    }
    return result;
}

TEST(Headline, OneFragment) {
    EXPECT_EQ(chosen("x x x 1 x x x x", {5, 3, 0}), "1 x x");
    EXPECT_EQ(chosen("x x x x 1", {5, 3, 0}), "x x 1");
    EXPECT_EQ(chosen("x x x x", {3, 2, 0}), "x x");
    EXPECT_EQ(chosen(" x s x ", {4, 2, 0}), " x s x ");
    EXPECT_EQ(chosen("", {3, 2, 0}), "");
    EXPECT_EQ(chosen("   ", {3, 2, 0}), "   ");
}

TEST(Headline, MoreOfTheQueryThenTheShorterWins) {
    EXPECT_EQ(chosen("1 1 1 1 x x x x 1 2", {3, 1, 0}), "1 2");
    EXPECT_EQ(chosen("1 x 2 x x x x x 1 2 x", {4, 2, 0}), "1 2");
    EXPECT_EQ(chosen("1 2 x x x x x x 1 2 x", {4, 2, 0}), "1 2");
}

TEST(Headline, SeveralFragments) {
    EXPECT_EQ(chosen("x x 1 x x x x x x x 2 x x", {3, 1, 2}), "x 1 x|x 2 x");
    EXPECT_EQ(chosen("x x 1 x x x x x x x 1 x x", {3, 1, 1}), "x 1 x");
    EXPECT_EQ(chosen("x x x x", {3, 2, 4}), "x x");
}

}  // namespace
