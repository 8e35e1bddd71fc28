// Damaged payloads of vectors are told from sound ones before anybody looks at their terms.
#include "engine/sparse/fault.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/base/error.hpp"
#include "sparse_support.hpp"

namespace knowhow {
namespace {

using namespace sparse_test;

// Single bits of the payload flipped: what is told apart from a sound vector is refused or named as
// a fault, and a vector whose terms lie within its payload can be read whole.
TEST(SparseFault, IsFoundInDamagedPayloads) {
    std::mt19937 random(5);
    int faults = 0;
    for (int round = 0; round < 3000; ++round) {
        const Stored stored(random_naive(random, 1 + random() % 30, 100));
        ASSERT_EQ(fault_of(stored.view()), nullptr);
        ASSERT_TRUE(terms_lie_within(stored.view()));
        std::string payload = stored.payload();
        payload[random() % payload.size()] ^= static_cast<char>(1U << random() % 8);
        // Exactly as long as the payload, for a sanitizer to notice what is read behind it.
        const std::vector<char> bytes(payload.begin(), payload.end());
        try {
            const VectorView view(bytes.data(), bytes.size());
            if (!terms_lie_within(view)) {
                EXPECT_NE(fault_of(view), nullptr);
                ++faults;
                continue;
            }
            faults += fault_of(view) != nullptr;
            EXPECT_EQ(to_naive(view).empty(), view.empty());
            EXPECT_TRUE(std::isfinite(dot(view, view)) || fault_of(view) != nullptr);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kDataCorrupted);
            ++faults;
        }
    }
    EXPECT_GT(faults, 500);
}

}  // namespace
}  // namespace knowhow
