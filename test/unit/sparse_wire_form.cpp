#include "engine/sparse/wire_form.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "engine/base/error.hpp"
#include "sparse_support.hpp"

namespace knowhow {
namespace {

using namespace sparse_test;

void put(std::string& message, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        message += static_cast<char>(value >> shift);
    }
}

std::string message_of(const std::vector<TermWeight>& terms) {
    std::string message;
    put(message, static_cast<std::uint32_t>(terms.size()));
    for (const TermWeight& term : terms) {
        put(message, std::bit_cast<std::uint32_t>(static_cast<float>(term.weight)));
        put(message, static_cast<std::uint32_t>(term.term.size()));
        message += term.term;
    }
    return message;
}

std::vector<TermWeight> decode(const std::string& message) {
    return decode_wire(message.data(), message.size());
}

TEST(SparseWireForm, ReadsTermsInTheOrderSent) {
    EXPECT_TRUE(decode(message_of({})).empty());
    const std::string message = message_of({{"learn", 0.5}, {"deep", -2}, {"learn", 0}});
    const std::vector<TermWeight> terms = decode(message);
    ASSERT_EQ(terms.size(), 3U);
    EXPECT_EQ(terms[0].term, "learn");
    EXPECT_EQ(terms[0].weight, 0.5);
    EXPECT_EQ(terms[1].term, "deep");
    EXPECT_EQ(terms[1].weight, -2);
}

TEST(SparseWireForm, RefusesEveryPrefixAndEverySuffix) {
    const std::string message = message_of({{"deep", 1}, {"learn", 2}});
    for (std::size_t size = 0; size < message.size(); ++size) {
        EXPECT_THROW(decode(message.substr(0, size)), Error) << size;
    }
    EXPECT_THROW(decode(message + "x"), Error);
}

TEST(SparseWireForm, RefusesSizesThatLie) {
    std::string huge;
    put(huge, 0xffffffff);
    EXPECT_THROW(decode(huge + std::string(100, 'x')), Error);
    std::string length;
    put(length, 1);
    put(length, std::bit_cast<std::uint32_t>(1.0F));
    put(length, 0xffffffff);
    EXPECT_THROW(decode(length + "abc"), Error);
}

TEST(SparseWireForm, RefusesWeightsThatAreNotFiniteAndEmptyLexemes) {
    EXPECT_THROW(decode(message_of({{"a", NAN}})), Error);
    EXPECT_THROW(decode(message_of({{"a", INFINITY}})), Error);
    EXPECT_THROW(decode(message_of({{"a", -INFINITY}})), Error);
    EXPECT_THROW(decode(message_of({{"", 1}, {"ab", 1}})), Error);
}

}  // namespace
}  // namespace knowhow
