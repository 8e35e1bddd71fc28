#include "server/index/segment_builder.hpp"

extern "C" {
#include <storage/buffile.h>
}

#include "engine/search/run.hpp"
#include "server/border/border.hpp"

namespace knowhow::server::index {

// A run in a temporary file.
class RunFile : public search::RunWriter, public search::RunReader {
  public:
    explicit RunFile(MemoryContext context) {
        guarded([&] {
            MemoryContext const before = MemoryContextSwitchTo(context);
            file_ = BufFileCreateTemp(false);
            MemoryContextSwitchTo(before);
        });
    }
    void write(const void* from, std::size_t bytes) override {
        guarded([&] { BufFileWrite(file_, const_cast<void*>(from), bytes); });
    }
    void rewind() {
        guarded([&] {
            if (BufFileSeek(file_, 0, 0, SEEK_SET) != 0) {
                ereport(ERROR, (errcode_for_file_access(),
                                errmsg("could not go to the start of a temporary file: %m")));
            }
        });
    }
    std::size_t read(void* to, std::size_t bytes) override {
        std::size_t got = 0;
        guarded([&] { got = BufFileRead(file_, to, bytes); });
        return got;
    }
    // Where an error ends the work instead, the resource owner closes the file.
    void close() {
        guarded([&] { BufFileClose(file_); });
    }

  private:
    BufFile* file_ = nullptr;
};

SegmentBuilder::SegmentBuilder(Relation index, Writing writing, int kilobytes,
                               MemoryContext context, Monitor& monitor)
    : index_(index),
      writing_(writing),
      most_bytes_(static_cast<std::size_t>(kilobytes) * 1024),
      context_(context),
      monitor_(&monitor),
      memory_(context),
      rows_(&memory_) {}

SegmentBuilder::~SegmentBuilder() = default;

void SegmentBuilder::add(const search::Row& row) {
    rows_.add(row);
    if (rows_.bytes() >= most_bytes_) {
        RunFile& run = *runs_.emplace_back(std::make_unique<RunFile>(context_));
        search::write_run(rows_, run, *monitor_);
        rows_.clear();
    }
}

std::optional<SegmentEntry> SegmentBuilder::finish(search::Measure measure) {
    std::vector<search::MergeSourcePointer> sources;
    for (const std::unique_ptr<RunFile>& run : runs_) {
        run->rewind();
        sources.push_back(search::run_source(*run));
    }
    if (!rows_.empty()) {
        sources.push_back(search::inversion_source(rows_));
    }
    if (sources.empty()) {
        return std::nullopt;
    }
    SegmentWriter writer(index_, writing_, *monitor_);
    SegmentEntry const entry =
        writer.finish(search::write_segment(sources, measure, writer, *monitor_, &memory_));
    sources.clear();
    for (const std::unique_ptr<RunFile>& run : runs_) {
        run->close();
    }
    runs_.clear();
    return entry;
}

}  // namespace knowhow::server::index
