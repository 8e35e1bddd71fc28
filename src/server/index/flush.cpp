#include "server/index/flush.hpp"

#include <memory>
#include <optional>
#include <vector>

#include "server/border/border.hpp"
#include "server/index/free_pages.hpp"
#include "server/index/fresh_reader.hpp"
#include "server/index/generation_changed.hpp"
#include "server/index/segment_builder.hpp"
#include "server/index/structure.hpp"

namespace knowhow::server::index {
namespace {

// The pages that a flush takes, and where the fresh area begins then.
struct Taken {
    std::vector<BlockNumber> blocks;
    BlockNumber head = InvalidBlockNumber;
    uint64 head_generation = 0;
};

// Up to the last page that begins with a row: a row that goes on over several is not cut.
Taken pages_to_take(Relation index, const Meta& meta) {
    Taken taken;
    std::vector<BlockNumber> chain;
    std::unique_ptr<char[]> const page = std::make_unique<char[]>(BLCKSZ);
    BlockNumber blocks = 0;
    BlockNumber block = meta.fresh.head;
    uint64 generation = meta.fresh.head_generation;
    while (block != InvalidBlockNumber && chain.size() < meta.fresh.pages) {
        bool same = false;
        guarded([&] {
            CHECK_FOR_INTERRUPTS();
            same = read_fresh_page(index, block, generation, page.get(), &blocks, nullptr);
        });
        if (!same) {
            throw GenerationChanged(index, block);
        }
        if (payload_used(page.get()) > 0 && (chunk_at(page.get(), 0).flags & kChunkFirst) != 0) {
            taken.blocks = chain;
            taken.head = block;
            taken.head_generation = generation;
        }
        chain.push_back(block);
        generation = special(page.get())->next_generation;
        block = special(page.get())->next;
    }
    return taken;
}

}  // namespace

void flush(Relation index, int kilobytes, Monitor& monitor) {
    Meta meta;
    guarded([&] { meta = read_meta(index); });
    if (meta.segment_count == kMostSegments) {
        return;
    }
    Taken const taken = pages_to_take(index, meta);
    if (taken.blocks.empty()) {
        return;
    }
    SegmentBuilder builder(index, Writing::kChange, kilobytes, CurrentMemoryContext, monitor);
    FreshReader reader(index, meta, taken.head);
    Change change;
    memset(&change, 0, sizeof change);
    search::Row row;
    for (PollEvery poll(monitor); reader.next(row); poll.step()) {
        builder.add(row);
        ++change.flushed.rows;
    }
    std::optional<SegmentEntry> const entry =
        builder.finish(static_cast<search::Measure>(meta.measure));
    if (entry) {
        change.adds = true;
        change.added = *entry;
    }
    change.flushed.head = taken.head;
    change.flushed.head_generation = taken.head_generation;
    change.flushed.pages = static_cast<uint32>(taken.blocks.size());
    change.flushed.bytes = reader.bytes();
    guarded([&] {
        publish(index, change);
        mark_free(index, taken.blocks.data(), taken.blocks.size(), 0);
    });
}

}  // namespace knowhow::server::index
