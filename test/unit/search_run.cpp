// A build by runs gives the segment, byte for byte, that a build in memory gives.
#include "engine/search/run.hpp"

#include <gtest/gtest.h>

#include "search_support.hpp"

namespace knowhow::search_test {
namespace {

class File final : public RunWriter, public RunReader {
  public:
    void write(const void* from, std::size_t size) override {
        bytes.append(static_cast<const char*>(from), size);
    }
    std::size_t read(void* to, std::size_t size) override {
        const std::size_t count = std::min(size, bytes.size() - at_);
        std::memcpy(to, bytes.data() + at_, count);
        at_ += count;
        return count;
    }
    std::string bytes;

  private:
    std::size_t at_ = 0;
};

// Rows that parallel workers got in turns, so that runs interleave.
Table some_rows(std::size_t count) {
    std::mt19937 random(3);
    Table table;
    for (std::uint32_t i = 0; i < count; ++i) {
        Naive vector;
        for (std::size_t term = random() % 30; term > 0; --term) {
            vector["t" + std::to_string(random() % (1 + random() % 500))] = 1 + random() % 9;
        }
        if (i % 50 == 7) {
            table.add_null(make_tid(i, 1));
        } else {
            table.add(make_tid(i, 1), vector);
        }
    }
    return table;
}

TEST(IndexRun, AMergeOfRunsIsABuildInMemory) {
    const Table table = some_rows(5000);
    std::vector<Tid> tids;
    for (const auto& entry : table.rows) {
        tids.push_back(entry.first);
    }
    for (const Measure measure : {Measure::kInnerProduct, Measure::kCosine}) {
        const Built whole = build(table, tids, measure, 8152);
        std::vector<File> files(3);
        std::vector<std::unique_ptr<Inversion>> inversions;
        Monitor none;
        for (std::size_t run = 0; run < files.size(); ++run) {
            inversions.push_back(std::make_unique<Inversion>(std::pmr::new_delete_resource()));
        }
        for (std::size_t i = 0; i < tids.size(); ++i) {
            inversions[i / 64 % files.size()]->add(table.row(tids[i]));
        }
        std::vector<MergeSourcePointer> sources;
        for (std::size_t run = 0; run + 1 < files.size(); ++run) {
            write_run(*inversions[run], files[run], none);
            EXPECT_GT(inversions[run]->bytes(), 0U);
            inversions[run]->clear();
            EXPECT_TRUE(inversions[run]->empty());
            sources.push_back(run_source(files[run]));
        }
        sources.push_back(inversion_source(*inversions.back()));
        const Built merged = write(sources, measure, 8152);
        EXPECT_EQ(merged.pages->pages, whole.pages->pages);
    }
}

TEST(IndexRun, AFileThatEndsTooEarlyIsRefused) {
    const Table table = some_rows(200);
    Inversion inversion(std::pmr::new_delete_resource());
    for (const auto& entry : table.rows) {
        inversion.add(table.row(entry.first));
    }
    File file;
    Monitor none;
    write_run(inversion, file, none);
    for (const std::size_t size : {std::size_t{3}, file.bytes.size() / 2, file.bytes.size() - 1}) {
        File cut;
        cut.bytes = file.bytes.substr(0, size);
        EXPECT_THROW(
            {
                std::vector<MergeSourcePointer> sources;
                sources.push_back(run_source(cut));
                write(sources, Measure::kCosine, 8152);
            },
            Error);
    }
}

}  // namespace
}  // namespace knowhow::search_test
