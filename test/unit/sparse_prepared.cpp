#include "engine/sparse/prepared.hpp"

#include <gtest/gtest.h>

#include "sparse_support.hpp"

namespace knowhow {
namespace {

using sparse_test::Naive;
using sparse_test::Stored;

// Terms of 1 to 12 letters out of three: many share their first eight bytes.
Naive random_vector(std::mt19937& random, int terms) {
    Naive naive;
    while (static_cast<int>(naive.size()) < terms) {
        std::string term;
        for (int length = 1 + static_cast<int>(random() % 12); length > 0; --length) {
            term += "ab\0"[random() % 3];
        }
        naive[term] = 0.25 + static_cast<double>(random() % 1000) / 7;
    }
    return naive;
}

TEST(PreparedVector, GivesTheSameBitsAsDot) {
    std::mt19937 random(1);
    for (int query_terms : {0, 1, 3, 60, 400}) {
        for (int document_terms : {0, 1, 10, 60, 900}) {
            const Stored query(random_vector(random, query_terms));
            const Stored document(random_vector(random, document_terms));
            EXPECT_EQ(PreparedVector(query.view()).dot(document.view()),
                      dot(query.view(), document.view()))
                << query_terms << " terms against " << document_terms;
        }
    }
}

TEST(PreparedVector, KeepsWeightsThatFloatCannotHold) {
    const std::vector<TermWeight> query = {{"a", 1.0 / 3}, {"long term one", 1e-60}};
    const Stored document(std::vector<TermWeight>{{"a", 3}, {"b", 1}, {"long term two", 5}});
    EXPECT_EQ(PreparedVector(query).dot(document.view()), 1.0);
}

TEST(PreparedVector, IsEmptyByDefault) {
    const Stored document(std::vector<TermWeight>{{"a", 3}});
    EXPECT_EQ(PreparedVector().dot(document.view()), 0.0);
    EXPECT_EQ(PreparedVector().dot(VectorView()), 0.0);
}

}  // namespace
}  // namespace knowhow
