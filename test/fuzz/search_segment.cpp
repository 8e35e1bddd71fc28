// Any bytes, taken for the pages of a segment, are refused or read to the end: no crash, no endless
// loop, no memory that the bytes do not justify.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/error.hpp"
#include "engine/search/fresh_row.hpp"
#include "engine/search/merge.hpp"
#include "engine/search/segment_format.hpp"
#include "engine/search/top_k.hpp"
#include "engine/search/verify.hpp"

namespace {

using namespace knowhow;
using namespace knowhow::search;

constexpr std::size_t kPayload = kLeastPagePayload;

// The input, cut into pages. What every root has is put right, for the fuzzer to get past it.
class Pages final : public PageReader {
  public:
    Pages(const unsigned char* data, std::size_t size) : bytes_(data, data + size) {
        bytes_.resize((size + kPayload - 1) / kPayload * kPayload + kPayload);
        SegmentRoot root;
        std::memcpy(&root, bytes_.data(), sizeof root);
        root.magic = kSegmentMagic;
        root.version = kSegmentVersion;
        root.payload_bytes = kPayload;
        root.pages = static_cast<std::uint32_t>(bytes_.size() / kPayload);
        root.measure = root.measure % 2 + 1;
        root.documents %= 5000;
        root.nulls %= 100;
        std::memcpy(bytes_.data(), &root, sizeof root);
    }
    std::size_t payload_bytes() const override { return kPayload; }
    void read(PageNumber page, std::size_t offset, std::size_t bytes, void* to) override {
        if (offset + bytes > kPayload) {
            __builtin_trap();
        }
        if (page >= bytes_.size() / kPayload) {
            throw Error(ErrorCode::kDataCorrupted, "no such page");
        }
        std::memcpy(to, bytes_.data() + page * kPayload + offset, bytes);
    }

  private:
    std::vector<unsigned char> bytes_;
};

class Nowhere final : public PageWriter {
  public:
    std::size_t payload_bytes() const override { return kPayload; }
    void write(PageNumber, PageKind, std::span<const std::byte> payload) override {
        if (payload.size() > kPayload) {
            __builtin_trap();
        }
    }
};

class NoRows final : public FreshRows {
  public:
    void rewind() override {}
    std::span<const Row> next() override { return {}; }
};

template <typename Body>
void refused_or_done(Body&& body) {
    try {
        body();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kDataCorrupted) {
            __builtin_trap();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size < sizeof(SegmentRoot)) {
        return 0;
    }
    refused_or_done([&] { read_fresh_head(data); });
    Pages pages(data, size);
    Monitor none;
    MemoryBudget memory(std::size_t{64} << 20);
    refused_or_done([&] {
        const Segment segment(pages);
        std::vector<std::uint64_t> fingerprints(segment.counts().documents);
        std::vector<std::string> faults;
        verify_segment(segment, fingerprints, faults, 5, none, &memory);
        const TermWeight terms[] = {{"a", 1}, {"b", -2}, {"t5", 3}};
        std::vector<unsigned char> query(encoded_size(terms));
        encode(terms, query.data());
        refused_or_done([&] {
            const SearchedSegment searched{&segment, true};
            Search search(segment.measure(), VectorView(query.data(), query.size()), &memory);
            NoRows fresh;
            std::vector<Hit> hits;
            search.next(std::span(&searched, 1), fresh, 10, hits, none);
            search.next(std::span(&searched, 1), fresh, 10000, hits, none);
        });
        std::vector<MergeSourcePointer> sources;
        sources.push_back(segment_source(segment));
        Nowhere nowhere;
        write_segment(sources, segment.measure(), nowhere, none, &memory);
    });
    return 0;
}
