// The tfidf index's engine over the generated corpus, with pages in memory: what is left of the
// time when PostgreSQL is taken away. Compare with what an in-memory search prints for the same
// corpus.
//
//     KNOWHOW_CORPUS=DIR [KNOWHOW_DOCUMENTS=1000000] search_benchmark
//
// Counters: microseconds of the median query and of the 95th percentile, the best of three rounds
// each; bytes a posting, all pages included; page reads a query.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/search/merge.hpp"
#include "engine/search/top_k.hpp"

namespace {

using namespace knowhow;
using namespace knowhow::search;

constexpr std::size_t kPayload = 8152;

template <typename T>
std::vector<T> load(const std::string& path) {
    std::vector<T> values;
    if (FILE* file = std::fopen(path.c_str(), "rb")) {
        std::fseek(file, 0, SEEK_END);
        values.resize(static_cast<std::size_t>(std::ftell(file)) / sizeof(T));
        std::rewind(file);
        if (std::fread(values.data(), sizeof(T), values.size(), file) != values.size()) {
            values.clear();
        }
        std::fclose(file);
    }
    if (values.empty()) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        std::exit(1);
    }
    return values;
}

class Pages final : public PageWriter, public PageReader {
  public:
    std::size_t payload_bytes() const override { return kPayload; }
    void write(PageNumber page, PageKind, std::span<const std::byte> payload) override {
        if ((std::size_t{page} + 1) * kPayload > bytes_.size()) {
            bytes_.resize((std::size_t{page} + 1) * kPayload);
        }
        std::memcpy(bytes_.data() + page * kPayload, payload.data(), payload.size());
    }
    void read(PageNumber page, std::size_t offset, std::size_t bytes, void* to) override {
        ++reads;
        std::memcpy(to, bytes_.data() + page * kPayload + offset, bytes);
    }
    std::size_t size() const { return bytes_.size(); }
    std::size_t reads = 0;

  private:
    std::vector<std::byte> bytes_;
};

class NoRows final : public FreshRows {
  public:
    void rewind() override {}
    std::span<const Row> next() override { return {}; }
};

std::string term_name(int term) {
    char name[16];
    std::snprintf(name, sizeof name, "w%06d", term);
    return name;
}

std::string encoded(const std::int32_t* terms, const float* weights, std::size_t count,
                    const std::vector<std::string>& names) {
    std::vector<TermWeight> entries;
    for (std::size_t i = 0; i < count; ++i) {
        entries.push_back({names[static_cast<std::size_t>(terms[i])], weights[i]});
    }
    canonicalize(entries);
    std::string payload(encoded_size(entries), '\0');
    encode(entries, payload.data());
    return payload;
}

struct Corpus {
    std::size_t documents;
    std::vector<std::string> names;
    std::vector<std::int64_t> starts;
    std::vector<std::int32_t> terms;
    std::vector<float> weights;
    std::vector<std::string> queries;  // short ones
    std::vector<std::string> whole;    // documents as queries
    Monitor none;

    Corpus() {
        const char* folder = std::getenv("KNOWHOW_CORPUS");
        if (folder == nullptr) {
            std::fprintf(stderr, "name the corpus by KNOWHOW_CORPUS\n");
            std::exit(1);
        }
        const char* number = std::getenv("KNOWHOW_DOCUMENTS");
        documents = number == nullptr ? 1000000 : std::strtoul(number, nullptr, 10);
        const std::string root = std::string(folder) + "/";
        const std::string part = root + std::to_string(documents) + "/";
        starts = load<std::int64_t>(root + "indptr.i64");
        terms = load<std::int32_t>(root + "indices.i32");
        weights = load<float>(part + "w.f32");
        const std::size_t vocabulary = load<std::int32_t>(part + "df.i32").size();
        for (std::size_t i = 0; i < vocabulary; ++i) {
            names.push_back(term_name(static_cast<int>(i)));
        }
        const auto query_starts = load<std::int64_t>(root + "q_indptr.i64");
        const auto query_terms = load<std::int32_t>(root + "q_indices.i32");
        const auto query_weights = load<float>(part + "q_w.f32");
        for (std::size_t i = 0; i + 1 < query_starts.size(); ++i) {
            const auto begin = static_cast<std::size_t>(query_starts[i]);
            queries.push_back(encoded(&query_terms[begin], &query_weights[begin],
                                      static_cast<std::size_t>(query_starts[i + 1]) - begin,
                                      names));
        }
        std::mt19937 random(5);
        for (int i = 0; i < 100; ++i) {
            whole.push_back(document(random() % documents));
        }
    }
    std::string document(std::size_t i) const {
        const auto begin = static_cast<std::size_t>(starts[i]);
        return encoded(&terms[begin], &weights[begin],
                       static_cast<std::size_t>(starts[i + 1]) - begin, names);
    }
};

Corpus& corpus() {
    static Corpus all;
    return all;
}

void invert(Inversion& inversion) {
    for (std::size_t i = 0; i < corpus().documents; ++i) {
        const std::string payload = corpus().document(i);
        inversion.add(
            {make_tid(static_cast<std::uint32_t>(i / 50), static_cast<std::uint16_t>(1 + i % 50)),
             false, VectorView(payload.data(), payload.size())});
    }
}

struct Index {
    Pages pages;
    SegmentCounts counts;
    explicit Index(Measure measure) {
        Inversion inversion(std::pmr::new_delete_resource());
        invert(inversion);
        std::vector<MergeSourcePointer> sources;
        sources.push_back(inversion_source(inversion));
        counts =
            write_segment(sources, measure, pages, corpus().none, std::pmr::new_delete_resource());
    }
};

Index& index(Measure measure) {
    static Index product(Measure::kInnerProduct);
    if (measure == Measure::kInnerProduct) {
        return product;
    }
    static Index cosine(Measure::kCosine);
    return cosine;
}

void BM_TopTen(benchmark::State& state) {
    const Measure measure = static_cast<Measure>(state.range(0));
    const std::vector<std::string>& queries =
        state.range(1) != 0 ? corpus().whole : corpus().queries;
    Index& built = index(measure);
    NoRows fresh;
    std::vector<Hit> hits;
    std::vector<double> best;
    std::size_t reads = 0;
    for ([[maybe_unused]] auto _ : state) {
        best.assign(queries.size(), 1e9);
        for (int round = 0; round < 3; ++round) {
            built.pages.reads = 0;
            for (std::size_t i = 0; i < queries.size(); ++i) {
                const auto begin = std::chrono::steady_clock::now();
                const Segment segment(built.pages);
                const SearchedSegment searched{&segment, false};
                Search search(measure, VectorView(queries[i].data(), queries[i].size()),
                              std::pmr::new_delete_resource());
                search.next(std::span(&searched, 1), fresh, 10, hits, corpus().none);
                const std::chrono::duration<double, std::micro> taken =
                    std::chrono::steady_clock::now() - begin;
                best[i] = std::min(best[i], taken.count());
            }
            reads = built.pages.reads;
        }
    }
    std::sort(best.begin(), best.end());
    state.counters["p50_us"] = best[best.size() / 2];
    state.counters["p95_us"] = best[best.size() * 95 / 100];
    state.counters["max_us"] = best.back();
    state.counters["reads"] = static_cast<double>(reads) / static_cast<double>(queries.size());
    state.counters["bytes_a_posting"] =
        static_cast<double>(built.pages.size()) / static_cast<double>(built.counts.postings);
}
BENCHMARK(BM_TopTen)
    ->ArgNames({"measure", "whole_document"})
    ->ArgsProduct({{1, 2}, {0, 1}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void BM_Build(benchmark::State& state) {
    for ([[maybe_unused]] auto _ : state) {
        const Index built(Measure::kInnerProduct);
        state.counters["bytes"] = static_cast<double>(built.pages.size());
    }
}
BENCHMARK(BM_Build)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace

BENCHMARK_MAIN();
