// Every weighting, against values computed by hand from its formula.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/rank/weighting.hpp"

namespace knowhow {
namespace {

constexpr double kExact = 1e-12;

// A document of six words: a four times, b once, c once.
std::vector<TermWeight> counts() {
    return {{"a", 4}, {"b", 1}, {"c", 1}};
}

std::vector<double> document(const char* name, double b = 0.75, double average_length = 60) {
    std::vector<TermWeight> terms = counts();
    weigh_document(parse_weighting(name, Side::kDocument, 1.2, b, average_length), terms, 6);
    return {terms[0].weight, terms[1].weight, terms[2].weight};
}

std::vector<double> query(const char* name, std::vector<std::int64_t> df, std::int64_t n) {
    std::vector<TermWeight> terms = counts();
    weigh_query(parse_weighting(name, Side::kQuery, 1.2, 0.75, 60), terms, df, n);
    return {terms[0].weight, terms[1].weight, terms[2].weight};
}

std::string hint_of(const char* name, Side side, double k1 = 1.2, double b = 0.75,
                    double average_length = 60) {
    try {
        parse_weighting(name, side, k1, b, average_length);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
        EXPECT_FALSE(error.hint().empty());
        return std::string(error.what()) + " / " + error.hint();
    }
    return "";
}

TEST(Weighting, PivotedIsTheDefault) {
    // √(6 / 60) = 0.316227766; 1.2 × that = 0.379473319
    EXPECT_NEAR(document("pivoted")[0], 4 * 2.2 / 4.379473319220206, kExact);
    EXPECT_NEAR(document("pivoted")[1], 2.2 / 1.379473319220206, kExact);
    Weighting standard;
    EXPECT_NEAR(saturated_weight(standard, 1, 60), 1, kExact);
    EXPECT_NEAR(saturated_weight(standard, 2, 240), 2 * 2.2 / 4.4, kExact);
}

TEST(Weighting, Bm25) {
    // 1 - 0.75 + 0.75 × 6 / 12 = 0.625; 1.2 × that = 0.75
    EXPECT_NEAR(document("bm25", 0.75, 12)[0], 4 * 2.2 / 4.75, kExact);
    EXPECT_NEAR(document("bm25", 0.75, 12)[1], 2.2 / 1.75, kExact);
    EXPECT_NEAR(document("bm25", 0, 12)[1], 1, kExact) << "b = 0: length does not matter";
}

TEST(Weighting, ZeroK1IsBinary) {
    std::vector<TermWeight> terms = counts();
    weigh_document(parse_weighting("pivoted", Side::kDocument, 0, 0.75, 60), terms, 6);
    EXPECT_NEAR(terms[0].weight, 1, kExact);
}

TEST(Weighting, SmartTermFrequencies) {
    const double log4 = 1 + std::log(4.0);  // 2.386294361
    EXPECT_EQ(document("nnn"), (std::vector<double>{4, 1, 1}));
    EXPECT_EQ(document("bnn"), (std::vector<double>{1, 1, 1}));
    EXPECT_NEAR(document("lnn")[0], 2.386294361119891, kExact);
    EXPECT_NEAR(document("lnn")[1], 1, kExact);
    EXPECT_NEAR(document("ann")[0], 1, kExact);
    EXPECT_NEAR(document("ann")[1], 0.625, kExact);
    // mean tf = 2
    EXPECT_NEAR(document("Lnn")[0], log4 / 1.6931471805599454, kExact);
    EXPECT_NEAR(document("Lnn")[1], 1 / 1.6931471805599454, kExact);
    EXPECT_NEAR(document("dnn")[0], 1.869741686191944, kExact);
    EXPECT_NEAR(document("dnn")[1], 1, kExact);
}

TEST(Weighting, SmartNormalisations) {
    EXPECT_NEAR(document("nnc")[0], 4 / std::sqrt(18.0), kExact);
    EXPECT_NEAR(document("nnc")[1], 1 / std::sqrt(18.0), kExact);
    // Slope 0.25, pivot 5, 3 distinct terms: 3.75 + 0.75 = 4.5
    EXPECT_NEAR(document("nnu", 0.25, 5)[0], 4 / 4.5, kExact);
    const double norm = std::sqrt(2.386294361119891 * 2.386294361119891 + 2);
    EXPECT_NEAR(document("lnc.ltc")[0], 2.386294361119891 / norm, kExact);
}

TEST(Weighting, FractionsOfACountDoNotTurnNegative) {
    std::vector<TermWeight> terms = {{"a", 0.25}};
    weigh_document(parse_weighting("lnn", Side::kDocument, 1.2, 0.75, 60), terms, 0.25);
    EXPECT_EQ(terms[0].weight, 0.25);
}

TEST(Weighting, NoTermsNoHarm) {
    std::vector<TermWeight> none;
    for (const char* name : {"pivoted", "bm25", "anc", "Lnu"}) {
        weigh_document(parse_weighting(name, Side::kDocument, 1.2, 0.75, 60), none, 0);
    }
    weigh_query(parse_weighting("Ltc", Side::kQuery, 1.2, 0.75, 60), none, {}, 10);
    weigh_scikit({}, none, {}, 10);
}

TEST(Weighting, Idf) {
    EXPECT_NEAR(idf(3, 10), std::log(1 + 7.5 / 3.5), kExact);  // 1.145132
    EXPECT_NEAR(idf(0, 10), std::log(1 + 10.5 / 0.5), kExact);
    EXPECT_GT(idf(10, 10), 0);
    EXPECT_EQ(idf(0, 0), 1);
    EXPECT_EQ(idf(11, 10), idf(10, 10));
    for (int df = 0; df < 10; ++df) {
        EXPECT_GT(idf(df, 10), idf(df + 1, 10));
    }
}

TEST(Weighting, Queries) {
    EXPECT_NEAR(query("pivoted", {3, 0, 10}, 10)[0], 4 * idf(3, 10), kExact);
    EXPECT_NEAR(query("bm25", {3, 0, 10}, 10)[1], idf(0, 10), kExact);
    EXPECT_NEAR(query("ntn", {2, 1, 10}, 10)[0], 4 * std::log(5.0), kExact);
    EXPECT_NEAR(query("ntn", {2, 1, 10}, 10)[2], 0, kExact);
    EXPECT_NEAR(query("ntn", {2, 0, 10}, 10)[1], std::log(10.0), kExact)
        << "never seen: as rare as can be";
    EXPECT_NEAR(query("npn", {2, 1, 10}, 10)[0], 4 * std::log(4.0), kExact);
    EXPECT_EQ(query("npn", {2, 6, 10}, 10)[1], 0) << "in more than half of the documents";
    const double a = 4 * std::log(5.0);
    const double b = std::log(10.0);
    EXPECT_NEAR(query("lnc.ntc", {2, 1, 10}, 10)[0], a / std::sqrt(a * a + b * b), kExact);
    EXPECT_EQ(query("pivoted", {0, 0, 0}, 0), (std::vector<double>{4, 1, 1}));
    EXPECT_EQ(query("ntn", {0, 0, 0}, 0), (std::vector<double>{4, 1, 1}));
}

TEST(Weighting, RefusesWhatMakesNoSense) {
    EXPECT_NE(hint_of("tfidf", Side::kDocument).find("unknown weighting \"tfidf\""),
              std::string::npos);
    EXPECT_NE(hint_of("", Side::kDocument), "");
    EXPECT_NE(hint_of("lnc.", Side::kDocument), "");
    EXPECT_NE(hint_of("lnc.ltc.", Side::kDocument), "");
    EXPECT_NE(hint_of("xnc", Side::kDocument).find("\"x\" for the term frequency"),
              std::string::npos);
    EXPECT_NE(hint_of("lxc", Side::kQuery).find("\"x\" for the document frequency"),
              std::string::npos);
    EXPECT_NE(hint_of("lnb", Side::kDocument).find("not in bytes"), std::string::npos);
    EXPECT_NE(hint_of("ltc", Side::kDocument).find("as in lnc.ltc"), std::string::npos);
    EXPECT_EQ(hint_of("ltc", Side::kQuery), "");
    EXPECT_NE(hint_of("lnu", Side::kQuery), "");
    EXPECT_NE(hint_of("lnc.lnu", Side::kDocument), "") << "the other half is checked too";
}

TEST(Weighting, RefusesParametersOutOfRange) {
    const double infinity = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_NE(hint_of("pivoted", Side::kDocument, -1).find("k1 is -1"), std::string::npos);
    EXPECT_NE(hint_of("pivoted", Side::kDocument, infinity), "");
    EXPECT_NE(hint_of("pivoted", Side::kDocument, nan), "");
    EXPECT_NE(hint_of("bm25", Side::kDocument, 1.2, 1.5).find("b is 1.5"), std::string::npos);
    EXPECT_NE(hint_of("bm25", Side::kDocument, 1.2, nan), "");
    EXPECT_NE(hint_of("bm25", Side::kDocument, 1.2, 0.75, 0), "");
    EXPECT_EQ(hint_of("bm25", Side::kDocument, 0, 0, 1e-3), "");
}

TEST(Weighting, RefusesTitleWeightsOutOfRange) {
    check_title_weight(0);
    check_title_weight(0.5);
    EXPECT_THROW(check_title_weight(-0.5), Error);
    EXPECT_THROW(check_title_weight(std::numeric_limits<double>::infinity()), Error);
    EXPECT_THROW(check_title_weight(std::numeric_limits<double>::quiet_NaN()), Error);
}

TEST(Weighting, StandardB) {
    EXPECT_EQ(default_b("bm25", Side::kDocument), 0.75);
    EXPECT_EQ(default_b("lnu", Side::kDocument), 0.25);
    EXPECT_EQ(default_b("lnu.ltc", Side::kDocument), 0.25);
    EXPECT_EQ(default_b("lnc.ltc", Side::kDocument), 0.75);
}

TEST(Weighting, Scikit) {
    std::vector<TermWeight> terms = counts();
    ScikitOptions options;
    options.norm = ScikitOptions::Norm::kNone;
    const std::vector<std::int64_t> df = {2, 1, 0};
    weigh_scikit(options, terms, df, 3);
    EXPECT_NEAR(terms[0].weight, 4 * (std::log(4.0 / 3) + 1), kExact);
    EXPECT_NEAR(terms[1].weight, std::log(2.0) + 1, kExact);
    EXPECT_EQ(terms[2].weight, 0) << "out of vocabulary";

    terms = counts();
    options.smooth_idf = false;
    options.sublinear_tf = true;
    weigh_scikit(options, terms, df, 3);
    EXPECT_NEAR(terms[0].weight, (1 + std::log(4.0)) * (std::log(1.5) + 1), kExact);

    terms = counts();
    options = {};
    options.use_idf = false;
    weigh_scikit(options, terms, df, 3);
    EXPECT_NEAR(terms[0].weight, 4 / std::sqrt(17.0), kExact);

    terms = counts();
    options.norm = ScikitOptions::Norm::kL1;
    weigh_scikit(options, terms, df, 3);
    EXPECT_NEAR(terms[0].weight, 0.8, kExact);
    EXPECT_THROW(parse_norm("max"), Error);
}

}  // namespace
}  // namespace knowhow
