// Folding of case, width and accents.
#include "engine/text/fold.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

std::string folded(std::string_view text) {
    std::string result(text);
    knowhow::text::fold(text, result);
    return result;
}

TEST(Fold, CaseWidthAndAccents) {
    EXPECT_EQ(folded("TensorFlow"), "tensorflow");
    EXPECT_EQ(folded("ＴｅｎｓｏｒＦｌｏｗ２"), "tensorflow2");
    EXPECT_EQ(folded("Café naïve Straße"), "cafe naive strasse");
    EXPECT_EQ(folded("cafe\u0301"), "cafe");
    EXPECT_EQ(folded("Ångström Øresund Łódź œuvre"), "angstrom oresund lodz oeuvre");
    EXPECT_EQ(folded("ΑΘΉΝΑ ΟΔΟΣ"), "αθηνα οδοσ");
    EXPECT_EQ(folded("Й ё"), "й ё");
    EXPECT_EQ(folded("ﾃﾞｰﾀ"), "データ");
    EXPECT_EQ(folded("が"), "が");
    EXPECT_EQ(folded("⾔"), "言");
    EXPECT_EQ(folded("x²"), "x2");
    EXPECT_EQ(folded("O’Reilly COVID‑19"), "o'reilly covid-19");
    EXPECT_EQ(folded("soft\u00ADhyphen\u200D"), "softhyphen");
    EXPECT_EQ(folded("\u00AD"), "");
}

TEST(Fold, ThousandsCommas) {
    EXPECT_EQ(folded("1,000"), "1000");
    EXPECT_EQ(folded("12,345,678"), "12345678");
    for (const char* text :
         {",", "1,00", "1234,567", "1,0000", ",000", "1,,00", "a,000", "1,000,"}) {
        EXPECT_EQ(folded(text), text);
    }
}

TEST(Fold, LeavesTheRestAlone) {
    std::string result = "kept";
    for (const char* text : {"", "plain", "深度学习", "한국어", "ひらがな", "カタカナー", "हिन्दी",
                             "\xFF\xFE", "A\xE6"}) {
        EXPECT_FALSE(knowhow::text::fold(text, result)) << text;
    }
    EXPECT_EQ(result, "kept");
}

}  // namespace
