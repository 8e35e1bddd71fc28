// CREATE INDEX.
#include "server/index/callbacks.hpp"

extern "C" {
#include <access/generic_xlog.h>
#include <access/tableam.h>
#include <access/xloginsert.h>
#include <storage/buffile.h>
}

#include <memory>
#include <vector>

#include "engine/search/inversion.hpp"
#include "engine/search/merge.hpp"
#include "engine/search/run.hpp"
#include "server/border/border.hpp"
#include "server/border/context_memory.hpp"
#include "server/index/segment_pages.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server::index {
namespace {

void write_meta(Relation index) {
    Buffer const buffer = extend(index);
    if (BufferGetBlockNumber(buffer) != kMetaBlock) {
        elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
    }
    GenericXLogState* const log = GenericXLogStart(index);
    init_meta(GenericXLogRegisterBuffer(log, buffer, GENERIC_XLOG_FULL_IMAGE), measure_of(index));
    GenericXLogFinish(log);
    UnlockReleaseBuffer(buffer);
}

// Runs that did not fit into memory, each in a temporary file.
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

  private:
    BufFile* file_ = nullptr;  // closed by its resource owner where an error ends the build
};

// Rows on their way into the segment.
class Builder {
  public:
    Builder(Relation index, MemoryContext context)
        : index_(index), context_(context), memory_(context), rows_(&memory_) {}

    void add(const search::Row& row) {
        rows_.add(row);
        if (rows_.bytes() >= static_cast<std::size_t>(maintenance_work_mem) * 1024) {
            RunFile& run = *runs_.emplace_back(std::make_unique<RunFile>(context_));
            search::write_run(rows_, run, monitor_);
            rows_.clear();
        }
    }

    void finish(search::Measure measure) {
        std::vector<search::MergeSourcePointer> sources;
        for (const std::unique_ptr<RunFile>& run : runs_) {
            run->rewind();
            sources.push_back(search::run_source(*run));
        }
        if (!rows_.empty()) {
            sources.push_back(search::inversion_source(rows_));
        }
        if (sources.empty()) {
            return;
        }
        SegmentWriter writer(index_, monitor_);
        writer.publish(search::write_segment(sources, measure, writer, monitor_, &memory_));
    }

  private:
    Relation index_;
    MemoryContext context_;
    InterruptMonitor monitor_;
    ContextMemory memory_;
    search::Inversion rows_;
    std::vector<std::unique_ptr<RunFile>> runs_;
};

struct Built {
    MemoryContext per_row;
    Builder* builder;
    double rows;
};

void add_row(Relation, ItemPointer tid, Datum* values, bool* nulls, bool, void* argument) {
    Built* const built = static_cast<Built*>(argument);
    MemoryContext const before = MemoryContextSwitchTo(built->per_row);
    Datum const vector = nulls[0] ? Datum{0} : PointerGetDatum(PG_DETOAST_DATUM_PACKED(values[0]));
    engine([&] {
        built->builder->add(
            {search::make_tid(ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid)),
             nulls[0], nulls[0] ? VectorView() : tfidf_view(vector)});
    });
    MemoryContextSwitchTo(before);
    MemoryContextReset(built->per_row);
    built->rows += 1;
}

}  // namespace

IndexBuildResult* build(Relation heap, Relation index, IndexInfo* info) {
    search::Measure const measure = measure_of(index);
    write_meta(index);
    MemoryContext const context =
        AllocSetContextCreate(CurrentMemoryContext, "tfidf index build", ALLOCSET_DEFAULT_SIZES);
    Built built;
    built.rows = 0;
    built.builder = nullptr;
    built.per_row = AllocSetContextCreate(CurrentMemoryContext, "tfidf index build row",
                                          ALLOCSET_DEFAULT_SIZES);
    engine([&] { built.builder = adopt(context, std::make_unique<Builder>(index, context)); });
    double const scanned =
        table_index_build_scan(heap, index, info, true, true, add_row, &built, nullptr);
    engine([&] { built.builder->finish(measure); });
    MemoryContextDelete(built.per_row);
    MemoryContextDelete(context);
    IndexBuildResult* const result =
        static_cast<IndexBuildResult*>(palloc(sizeof(IndexBuildResult)));
    result->heap_tuples = scanned;
    result->index_tuples = built.rows;
    return result;
}

void build_empty(Relation index) {
    // The init fork of an unlogged index: logged, because it is what a crash leaves.
    Buffer const buffer = ReadBufferExtended(index, INIT_FORKNUM, P_NEW, RBM_NORMAL, nullptr);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    search::Measure const measure = measure_of(index);
    START_CRIT_SECTION();
    init_meta(BufferGetPage(buffer), measure);
    MarkBufferDirty(buffer);
    log_newpage_buffer(buffer, true);
    END_CRIT_SECTION();
    UnlockReleaseBuffer(buffer);
}

}  // namespace knowhow::server::index
