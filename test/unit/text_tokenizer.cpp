// The tokenizer: tables of inputs and tokens, and what holds for every input.
#include "engine/text/tokenizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace {

using knowhow::text::kMaxTokenBytes;
using knowhow::text::safe_cut;
using knowhow::text::Token;
using knowhow::text::token_alias;
using knowhow::text::Tokenizer;
using knowhow::text::TokenType;

std::vector<Token> all_tokens(std::string_view text, bool extra = false) {
    Tokenizer tokenizer(text, extra);
    std::vector<Token> tokens;
    for (Token token; tokenizer.next(token);) {
        tokens.push_back(token);
    }
    return tokens;
}

// "word|tech(C++)": plain words bare, other types named; blanks left out.
std::string shown(std::string_view text, bool extra = false) {
    std::string result;
    for (const Token& token : all_tokens(text, extra)) {
        if (token.type == TokenType::kBlank) {
            continue;
        }
        const std::string part(text.substr(token.begin, token.end - token.begin));
        result += result.empty() ? "" : " ";
        result += token.type == TokenType::kWord
                      ? part
                      : std::string(token_alias(static_cast<int>(token.type))) + "(" + part + ")";
    }
    return result;
}

struct Case {
    const char* text;
    const char* tokens;
};

TEST(Tokenizer, TechnicalTokensStayWhole) {
    const Case cases[] = {
        {"C++, C# and F#.", "tech(C++) tech(C#) and tech(F#)"},
        {"C++20 g++ Notepad++ i++;", "tech(C++20) tech(g++) tech(Notepad++) tech(i++)"},
        {"a++b 1+1 CD4+", "a b number(1) number(1) tech(CD4)"},
        {".NET (.NET) ASP.NET .gitignore", "tech(.NET) tech(.NET) tech(ASP.NET) tech(.gitignore)"},
        {"使用.NET框架", "cjkpair(使用) tech(.NET) cjkpair(框架)"},
        {"wait ...what f().g x[0].y", "wait what f g x number(0) y"},
        {"node.js. node.js, (node.js)", "tech(node.js) tech(node.js) tech(node.js)"},
        {"x86_64 k8s file_name.py", "tech(x86_64) tech(k8s) tech(file_name.py)"},
        {"_emphasis_ __init__ a__b", "emphasis init tech(a__b)"},
        {"GPT-4 COVID-19 IL-2-induced UTF-8",
         "tech(GPT-4) tech(COVID-19) tech(IL-2) induced tech(UTF-8)"},
        {"GPT-3.5-turbo x86-64 CVE-2021-44228",
         "tech(GPT-3.5) turbo tech(x86-64) tech(CVE-2021-44228)"},
        {"state-of-the-art 2-methyl 10-20",
         "state of the art number(2) methyl number(10) number(20)"},
        {"--flag --no-verify=1 git --amend.",
         "tech(--flag) tech(--no-verify) number(1) git tech(--amend)"},
        {"word--another --- --", "word another"},
        {"std::vector<int> a::b::c Foo:bar std::__detail",
         "tech(std::vector) int tech(a::b::c) Foo bar tech(std::__detail)"},
        {"TCP/IP CI/CD I/O-bound SSL/TLS a/b/c 1/2",
         "tech(TCP/IP) tech(CI/CD) tech(I/O) bound SSL TLS a b c number(1) number(2)"},
        {"C/C++ C#/C++", "C tech(C++) tech(C#) tech(C++)"},
        {"R&D AT&T Q&A &lt; a&lt;b", "tech(R&D) tech(AT&T) tech(Q&A) lt a lt b"},
        {"@angular/core @user", "tech(@angular/core) user"},
        {"v1.2.3 2.0 192.168.0.1 1,000,000 1,00 3.x 2.0.",
         "tech(v1.2.3) number(2.0) number(192.168.0.1) number(1,000,000) number(1) number(00) "
         "tech(3.x) number(2.0)"},
        {"in 2019.The mice.12 were", "in number(2019) The mice number(12) were"},
        {"src/engine/text.cpp", "src engine tech(text.cpp)"},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(shown(one.text), one.tokens) << one.text;
    }
}

TEST(Tokenizer, AddressesStayWhole) {
    const Case cases[] = {
        {"mail a.b+c@example.co.uk, or x@y", "mail email(a.b+c@example.co.uk) or x y"},
        {"first-last@example.org.", "email(first-last@example.org)"},
        {"(https://example.com/a_(b)?c=d#e).", "url(https://example.com/a_(b)?c=d#e)"},
        {"见https://example.com/路径。", "cjkpair(见) url(https://example.com/) cjkpair(路径)"},
        {"www.example.com/x, www.", "url(www.example.com/x) www"},
        {"http:// note", "http note"},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(shown(one.text), one.tokens) << one.text;
    }
}

TEST(Tokenizer, Words) {
    const Case cases[] = {
        {"don't dog's we've O'Reilly's l’homme", "don dog we O Reilly l homme"},
        {"it’s I'm 'quoted'", "it I quoted"},
        {"naïve cafe\u0301 Привет мир", "naïve cafe\u0301 Привет мир"},
        {"हिन्दी भाषा", "हिन्दी भाषा"},
        {"ภาษาไทย", "ภาษา ไทย"},
        {"Ｃ＋＋ ＡＢＣ１", "tech(Ｃ＋＋) tech(ＡＢＣ１)"},
        {"zero\u200Bwidth soft\u00ADhyphen", "zero width soft\u00ADhyphen"},
        {"", ""},
        {" \t\n.,;!?", ""},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(shown(one.text), one.tokens) << one.text;
    }
}

TEST(Tokenizer, RunsBecomeOverlappingPairs) {
    const Case cases[] = {
        {"深度学习", "cjkpair(深度) cjkpair(度学) cjkpair(学习)"},
        {"书，我 好", "cjkpair(书) cjkpair(我) cjkpair(好)"},
        {"使用TensorFlow 2.0训练", "cjkpair(使用) TensorFlow number(2.0) cjkpair(训练)"},
        {"食べる", "cjkpair(食) cjkpair(べる)"},
        {"らーめん サーバー",
         "cjkpair(らー) cjkpair(ーめ) cjkpair(めん) cjkpair(サー) cjkpair(ーバ) cjkpair(バー)"},
        {"ﾃﾞｰﾀ", "cjkpair(ﾃﾞｰ) cjkpair(ｰﾀ)"},
        {"데이터를", "cjkpair(데이) cjkpair(이터) cjkpair(터를)"},
        {"𠀀𠀁𠀂", "cjkpair(𠀀𠀁) cjkpair(𠀁𠀂)"},
        {"〇一二", "cjkpair(〇一) cjkpair(一二)"},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(shown(one.text), one.tokens) << one.text;
    }
}

TEST(Tokenizer, ExtraTokensAreWordsAndParts) {
    const Case cases[] = {
        {"file_name.py", "tech(file_name.py) part(file) part(name) part(py)"},
        {"x86_64", "tech(x86_64) part(x86) part(64)"},
        {"getUserName XMLHttpRequest APIs Word",
         "getUserName part(get) part(User) part(Name) XMLHttpRequest part(XML) part(Http) "
         "part(Request) APIs Word"},
        {"GPT-4 --no-verify C++ C#",
         "tech(GPT-4) part(GPT) part(4) tech(--no-verify) part(no) part(verify) tech(C++) "
         "tech(C#)"},
        {"https://www.example.com/aPath",
         "url(https://www.example.com/aPath) part(example) part(com) part(Path)"},
        {"2.0 1,000", "number(2.0) number(1,000)"},
        {"데이터를", "cjkword(데이터를) cjkpair(데이) cjkpair(이터) cjkpair(터를)"},
        {"学习", "cjkpair(学习)"},
        {"书", "cjkpair(书)"},
        {"计算机科学", "cjkword(机) cjkpair(计算) cjkpair(算机) cjkpair(机科) cjkpair(科学)"},
        {"sex-determining, 2026-11-23; IL-2-induced",
         "sex compound(sex-determining) determining number(2026) compound(2026-11-23) number(11) "
         "number(23) tech(IL-2) compound(IL-2-induced) part(IL) part(2) induced"},
        {"東京タワー", "cjkword(東京タワー) cjkpair(東京) cjkpair(タワ) cjkpair(ワー)"},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(shown(one.text, true), one.tokens) << one.text;
    }
}

// Each byte is covered; only neighbouring pairs overlap; no token is too long.
void expect_cover(std::string_view text) {
    std::size_t covered = 0;
    TokenType before = TokenType::kBlank;
    for (const Token& token : all_tokens(text)) {
        ASSERT_LT(token.begin, token.end);
        ASSERT_LE(token.end, text.size());
        ASSERT_LE(token.end - token.begin, kMaxTokenBytes);
        if (token.begin != covered) {
            ASSERT_LT(token.begin, covered);
            ASSERT_EQ(token.type, TokenType::kPair);
            ASSERT_EQ(before, TokenType::kPair);
        }
        ASSERT_GT(token.end, covered);
        covered = token.end;
        before = token.type;
    }
    ASSERT_EQ(covered, text.size());
    for (const Token& token : all_tokens(text, true)) {
        ASSERT_LT(token.begin, token.end);
        ASSERT_LE(token.end, text.size());
        ASSERT_LE(token.end - token.begin, kMaxTokenBytes);
    }
}

TEST(Tokenizer, CoversEachByte) {
    const char* pieces[] = {"a",    "B",       "7",        " ",      ".",      "-",    "_",
                            "+",    "#",       "@",        "/",      ":",      "'",    "&",
                            "深",   "度",      "の",       "ー",     "タ",     "한",   "ก",
                            "า",    "é",       "e\u0301",  "\u200D", "。",     "，",   "－",
                            "\xFF", "\xE6",    "\xE6\xB7", "::",     "://",    "www.", "--",
                            ",000", "\u2019s", "𠀀",       "½",      "\u0301", "\n"};
    std::mt19937 random(7);
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        const auto length = random() % 24;
        for (unsigned i = 0; i < length; ++i) {
            text += pieces[random() % std::size(pieces)];
        }
        expect_cover(text);
        if (HasFatalFailure()) {
            FAIL() << text;
        }
    }
}

TEST(Tokenizer, LongRunsAreBlankPieces) {
    for (const char* piece :
         {"a",   "a_", "a.", "a-1", "é",  "7",        "7.", "深", "ー", "\u0301", "ก",
          "::a", "-",  "a@", "@a.", "a/", "http://a", ")",  "(",  " ",  "_",      "a1"}) {
        std::string text;
        while (text.size() < 100000) {
            text += piece;
        }
        expect_cover(text);
        expect_cover("x" + text);
        expect_cover("--x" + text);
        expect_cover("http://x" + text);
    }
    EXPECT_EQ(shown(std::string(2046, 'a')), std::string(2046, 'a'));
    EXPECT_EQ(shown(std::string(2047, 'a') + " b"), "b");
    EXPECT_EQ(shown("b " + std::string(50000, 'a') + " c"), "b c");
}

TEST(Tokenizer, SafeCutsGiveTheTokensOfTheWhole) {
    std::string text;
    for (int i = 0; i < 200; ++i) {
        text += "深度学习入门，node.js v1.2.3 don't https://example.com/a。\n食べる file_name.py ";
    }
    for (const std::size_t wanted : {100u, 333u, 1000u, 4096u}) {
        std::string_view rest = text;
        std::string pieces;
        while (!rest.empty()) {
            const std::size_t cut = safe_cut(rest, wanted);
            ASSERT_GT(cut, 0u);
            ASSERT_LE(cut, std::max<std::size_t>(wanted, 4));
            pieces += (pieces.empty() ? "" : " ") + shown(rest.substr(0, cut), true);
            rest.remove_prefix(cut);
        }
        EXPECT_EQ(pieces, shown(text, true)) << wanted;
    }
    EXPECT_EQ(safe_cut("深深深", 4), 3u);
    EXPECT_EQ(safe_cut("abc", 4), 3u);
}

}  // namespace
