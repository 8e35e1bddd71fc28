#include "engine/sparse/vector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "engine/base/error.hpp"
#include "sparse_support.hpp"

namespace knowhow {
namespace {

using namespace sparse_test;

ErrorCode error_of(const std::vector<TermWeight>& terms) {
    try {
        encoded_size(terms);
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::kCanceled;
}

TEST(SparseVector, StoresWhatItIsGiven) {
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        const Naive naive = random_naive(random, random() % 60, 500);
        const Stored stored(naive);
        ASSERT_EQ(stored.view().size(), naive.size());
        ASSERT_EQ(to_naive(stored.view()), naive);
        for (const auto& [term, weight] : naive) {
            const std::int64_t at = stored.view().find(term);
            ASSERT_GE(at, 0);
            ASSERT_EQ(stored.view().weight(static_cast<std::uint32_t>(at)), weight);
            ASSERT_EQ(stored.view().find(term + '\x01'), naive.count(term + '\x01') ? at + 1 : -1);
        }
    }
}

TEST(SparseVector, TakesSixBytesATermBesidesItsLexeme) {
    EXPECT_EQ(encoded_size(std::vector<TermWeight>{}), 4U);
    EXPECT_EQ(encoded_size(std::vector<TermWeight>{{"deep", 1}, {"learn", 2}}), 4U + 2 * 6 + 9);
}

TEST(SparseVector, WidensItsEndsAt64Kilobytes) {
    for (const std::size_t total : {65'535U, 65'536U, 200'000U}) {
        std::vector<std::string> lexemes;
        std::size_t left = total;
        for (char c = 1; left > 0; ++c) {
            const std::size_t length = std::min<std::size_t>(left, 2000);
            lexemes.push_back(std::string(length, c));
            left -= length;
        }
        std::vector<TermWeight> terms;
        for (const std::string& lexeme : lexemes) {
            terms.push_back({lexeme, 1});
        }
        const Stored stored(terms);
        EXPECT_EQ(stored.payload().size(), 4 + terms.size() * (total < 65'536 ? 6 : 8) + total);
        for (std::uint32_t i = 0; i < lexemes.size(); ++i) {
            EXPECT_EQ(stored.view().term(i), lexemes[i]);
        }
    }
}

TEST(SparseVector, LeavesOutWeightsThatRoundToZero) {
    const Stored stored(std::vector<TermWeight>{{"a", 0}, {"b", 1e-60}, {"c", -0.0}, {"d", 2}});
    EXPECT_EQ(to_naive(stored.view()), (Naive{{"d", 2}}));
    const double smallest = std::numeric_limits<float>::denorm_min();
    EXPECT_EQ(Stored(std::vector<TermWeight>{{"a", smallest}}).view().weight(0), smallest);
}

TEST(SparseVector, ChecksEveryTerm) {
    const double largest = std::numeric_limits<float>::max();
    EXPECT_EQ(error_of({{"", 1}}), ErrorCode::kInvalidText);
    EXPECT_EQ(error_of({{"a", NAN}}), ErrorCode::kNumericOutOfRange);
    EXPECT_EQ(error_of({{"a", -INFINITY}}), ErrorCode::kNumericOutOfRange);
    EXPECT_EQ(error_of({{"a", 1e300}}), ErrorCode::kNumericOutOfRange);
    EXPECT_EQ(error_of({{"a", largest * 2}}), ErrorCode::kNumericOutOfRange);
    EXPECT_EQ(Stored(std::vector<TermWeight>{{"a", largest}}).view().weight(0), largest);
    const std::string longest(kMaxLexemeBytes, 'x');
    EXPECT_EQ(Stored(std::vector<TermWeight>{{longest, 1}}).view().term(0), longest);
    const std::string longer(kMaxLexemeBytes + 1, 'x');
    EXPECT_EQ(error_of({{longer, 1}}), ErrorCode::kLimitExceeded);
}

TEST(SparseVector, LimitsTheBytesOfAllLexemes) {
    // The same lexeme over and over: sizes are looked at before order.
    const std::string lexeme(kMaxLexemeBytes, 'x');
    const std::vector<TermWeight> terms(kMaxLexemesBytes / kMaxLexemeBytes + 1, {lexeme, 1});
    EXPECT_EQ(error_of(terms), ErrorCode::kLimitExceeded);
}

TEST(SparseVector, RefusesTermsOutOfOrder) {
    EXPECT_THROW(encoded_size(std::vector<TermWeight>{{"b", 1}, {"a", 1}}), std::logic_error);
    EXPECT_THROW(encoded_size(std::vector<TermWeight>{{"a", 1}, {"a", 1}}), std::logic_error);
}

TEST(SparseVector, RefusesDamagedSizes) {
    const std::string payload =
        Stored(std::vector<TermWeight>{{"deep", 1}, {"learn", 2}}).payload();
    EXPECT_NO_THROW(VectorView(payload.data(), payload.size()));
    for (std::size_t size = 0; size < payload.size(); ++size) {
        EXPECT_THROW(VectorView(payload.data(), size), Error) << size;
    }
    std::string longer = payload + "x";
    EXPECT_THROW(VectorView(longer.data(), longer.size()), Error);
    std::string many = payload;
    many[0] = static_cast<char>(many[0] + 1);
    EXPECT_THROW(VectorView(many.data(), many.size()), Error);
}

TEST(SparseVector, CanonicalizeSortsByUnsignedBytesAndAddsUp) {
    std::vector<TermWeight> terms{{"b", 1}, {"\xe6\xb7\xb1", 2}, {"ab", 3}, {"a", 4}, {"b", 5}};
    canonicalize(terms);
    ASSERT_EQ(terms.size(), 4U);
    EXPECT_EQ(terms[0].term, "a");
    EXPECT_EQ(terms[1].term, "ab");
    EXPECT_EQ(terms[2].term, "b");
    EXPECT_EQ(terms[2].weight, 6);
    EXPECT_EQ(terms[3].term, "\xe6\xb7\xb1");
}

TEST(SparseVector, DotAndNormEqualTheNaiveSums) {
    std::mt19937 random(2);
    for (int round = 0; round < 500; ++round) {
        // Sizes on both sides of the choice between search and merge.
        const Naive a = random_naive(random, random() % 20, 300);
        const Naive b = random_naive(random, random() % 300, 300);
        double expected = 0;
        double norm = 0;
        for (const auto& [term, weight] : a) {
            norm += weight * weight;
            if (const auto found = b.find(term); found != b.end()) {
                expected += weight * found->second;
            }
        }
        const Stored left(a);
        const Stored right(b);
        ASSERT_NEAR(dot(left.view(), right.view()), expected, 1e-9);
        ASSERT_EQ(dot(left.view(), right.view()), dot(right.view(), left.view()));
        ASSERT_NEAR(squared_norm(left.view()), norm, 1e-9);
    }
}

TEST(SparseVector, HoldsAHundredThousandTerms) {
    Naive naive;
    for (int i = 0; i < 100'000; ++i) {
        naive["term" + std::to_string(i)] = 1 + i % 7;
    }
    const Stored stored(naive);
    EXPECT_EQ(stored.view().size(), 100'000U);
    EXPECT_EQ(to_naive(stored.view()), naive);
    EXPECT_EQ(dot(stored.view(), stored.view()), squared_norm(stored.view()));
}

}  // namespace
}  // namespace knowhow
