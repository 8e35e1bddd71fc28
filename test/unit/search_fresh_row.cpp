#include "engine/search/fresh_row.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/base/error.hpp"

namespace knowhow::search {
namespace {

TEST(FreshRow, HeadsReadBack) {
    char bytes[kFreshHeadBytes];
    for (const Tid tid : {make_tid(0, 1), make_tid(0xFFFFFFFE, 291), make_tid(7, 0xFFFF)}) {
        for (const std::uint32_t size : {4U, 5U, kMaxFreshPayload}) {
            write_fresh_head(tid, false, size, bytes);
            const FreshHead head = read_fresh_head(bytes);
            EXPECT_EQ(head.tid, tid);
            EXPECT_FALSE(head.null);
            EXPECT_EQ(head.payload_bytes, size);
        }
        write_fresh_head(tid, true, 0, bytes);
        const FreshHead head = read_fresh_head(bytes);
        EXPECT_EQ(head.tid, tid);
        EXPECT_TRUE(head.null);
        EXPECT_EQ(head.payload_bytes, 0U);
    }
}

TEST(FreshRow, RefusesWhatNoWriterProduces) {
    char bytes[kFreshHeadBytes];
    std::memset(bytes, 0, sizeof bytes);
    EXPECT_THROW(read_fresh_head(bytes), Error);  // no line pointer is 0
    write_fresh_head(make_tid(1, 1), false, kMaxFreshPayload + 1, bytes);
    EXPECT_THROW(read_fresh_head(bytes), Error);
    write_fresh_head(make_tid(1, 1), false, 3, bytes);  // shorter than the shortest vector
    EXPECT_THROW(read_fresh_head(bytes), Error);
}

}  // namespace
}  // namespace knowhow::search
