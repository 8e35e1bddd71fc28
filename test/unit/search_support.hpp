// What the tests of the index share: segments in memory, random rows, and the answer by brute
// force.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/search/instructions.hpp"
#include "engine/search/merge.hpp"
#include "engine/search/top_k.hpp"
#include "engine/sparse/arithmetic.hpp"
#include "sparse_support.hpp"

namespace knowhow::search_test {

using namespace knowhow::search;
using sparse_test::Naive;
using sparse_test::Stored;

// Those that this processor has.
inline std::vector<Instructions> all_instructions() {
    std::vector<Instructions> all = {Instructions::kBaseline};
    if (fastest_instructions() != Instructions::kBaseline) {
        all.push_back(fastest_instructions());
    }
    return all;
}

inline std::string instructions_name(const testing::TestParamInfo<Instructions>& info) {
    return info.param == Instructions::kAvx2 ? "Avx2" : "Baseline";
}

// Pages in memory, each written once. What was not written reads as 0xEE, not as zero.
class Pages final : public PageWriter, public PageReader {
  public:
    explicit Pages(std::size_t payload) : payload_(payload) {}

    std::size_t payload_bytes() const override { return payload_; }

    void write(PageNumber page, PageKind kind, std::span<const std::byte> payload) override {
        if (payload.size() > payload_ || (page < pages.size() && !pages[page].empty())) {
            throw std::logic_error("a page is too long, or is written twice");
        }
        if (page >= pages.size()) {
            pages.resize(page + 1);
            kinds.resize(page + 1);
        }
        pages[page].assign(payload_, std::byte{0xEE});
        std::copy(payload.begin(), payload.end(), pages[page].begin());
        kinds[page] = kind;
    }

    void read(PageNumber page, std::size_t offset, std::size_t bytes, void* to) override {
        if (offset + bytes > payload_) {
            throw std::logic_error("a read passes the end of its page");
        }
        if (page >= pages.size() || pages[page].empty()) {
            throw Error(ErrorCode::kDataCorrupted, "no such page");
        }
        ++reads;
        std::memcpy(to, pages[page].data() + offset, bytes);
    }

    std::vector<std::vector<std::byte>> pages;
    std::vector<PageKind> kinds;
    std::size_t reads = 0;

  private:
    std::size_t payload_;
};

// Rows of a table. An absent vector is NULL.
struct Table {
    std::map<Tid, std::unique_ptr<Stored>> rows;

    void add(Tid tid, const Naive& vector) { rows[tid] = std::make_unique<Stored>(vector); }
    void add_null(Tid tid) { rows[tid] = nullptr; }

    Row row(Tid tid) const {
        const std::unique_ptr<Stored>& stored = rows.at(tid);
        return {tid, stored == nullptr, stored == nullptr ? VectorView() : stored->view()};
    }
};

// All rows in the order in which an ordered scan must return them, by the operators' functions.
inline std::vector<Hit> brute_force(Measure measure, VectorView query, const Table& table) {
    std::vector<Hit> hits;
    for (const auto& [tid, stored] : table.rows) {
        if (stored == nullptr) {
            hits.push_back({0, tid, true});
        } else {
            const double distance = measure == Measure::kCosine
                                        ? cosine_distance(query, stored->view())
                                        : 0 - dot(query, stored->view());
            hits.push_back({distance, tid, false});
        }
    }
    std::sort(hits.begin(), hits.end(), ranks_before);
    return hits;
}

class Fresh final : public FreshRows {
  public:
    void rewind() override {
        at_ = 0;
        ++readings;
    }
    std::span<const Row> next() override {
        const std::size_t count = std::min<std::size_t>(3, rows.size() - at_);
        at_ += count;
        return std::span(rows).subspan(at_ - count, count);
    }
    std::vector<Row> rows;
    int readings = 0;

  private:
    std::size_t at_ = 0;
};

// A segment with the pages it lives in.
struct Built {
    std::unique_ptr<Pages> pages;
    SegmentCounts counts;
    std::unique_ptr<Segment> segment;

    void remove(std::uint32_t row) {
        const Segment::BitPlace place = segment->deleted_bit(row);
        pages->pages[place.page][place.offset] |= std::byte{place.mask};
    }
};

inline Built write(std::span<const MergeSourcePointer> sources, Measure measure,
                   std::size_t payload) {
    Built built;
    built.pages = std::make_unique<Pages>(payload);
    Monitor none;
    built.counts =
        write_segment(sources, measure, *built.pages, none, std::pmr::new_delete_resource());
    built.segment = std::make_unique<Segment>(*built.pages);
    return built;
}

// A segment of these rows, given in this order.
inline Built build(const Table& table, const std::vector<Tid>& tids, Measure measure,
                   std::size_t payload) {
    Inversion inversion(std::pmr::new_delete_resource());
    for (const Tid tid : tids) {
        inversion.add(table.row(tid));
    }
    std::vector<MergeSourcePointer> sources;
    sources.push_back(inversion_source(inversion));
    return write(sources, measure, payload);
}

}  // namespace knowhow::search_test
