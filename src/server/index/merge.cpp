#include "server/index/merge.hpp"

#include <memory>
#include <vector>

#include "engine/search/merge.hpp"
#include "engine/search/segment.hpp"
#include "server/border/border.hpp"
#include "server/border/context_memory.hpp"
#include "server/index/free_pages.hpp"
#include "server/index/naming_damage.hpp"
#include "server/index/segment_pages.hpp"
#include "server/index/structure.hpp"

namespace knowhow::server::index {
namespace {

void merge_these(Relation index, const Meta& meta, const std::vector<std::size_t>& chosen,
                 Monitor& monitor) {
    std::vector<std::unique_ptr<SegmentReader>> readers;
    std::vector<std::unique_ptr<search::Segment>> opened;
    std::vector<search::MergeSourcePointer> sources;
    Change change;
    memset(&change, 0, sizeof change);
    bool live = false;
    for (std::size_t place : chosen) {
        SegmentEntry const& entry = meta.segments[place];
        readers.push_back(std::make_unique<SegmentReader>(index, entry));
        opened.push_back(std::make_unique<search::Segment>(*readers.back()));
        sources.push_back(search::segment_source(*opened.back()));
        change.removed[change.removed_count++] = entry.generation;
        live = live || entry.deleted < entry.rows;
    }
    if (live) {
        ContextMemory memory(CurrentMemoryContext);
        SegmentWriter writer(index, Writing::kChange, monitor);
        change.adds = true;
        change.added = writer.finish(
            search::write_segment(sources, static_cast<search::Measure>(meta.measure), writer,
                                  monitor, &memory));
    }
    guarded([&] { publish(index, change); });
    for (const std::unique_ptr<SegmentReader>& reader : readers) {
        const BlockNumber* const blocks = reader->blocks().data();
        Size const count = reader->blocks().size();
        guarded([&] { mark_free(index, blocks, count, reader->generation()); });
    }
}

}  // namespace

bool merge(Relation index, const search::MergeLimits& limits, Monitor& monitor) {
    monitor.poll();
    Meta meta;
    guarded([&] { meta = read_meta(index); });
    std::vector<search::SegmentSize> sizes;
    for (uint32 i = 0; i < meta.segment_count; ++i) {
        sizes.push_back({meta.segments[i].rows, meta.segments[i].deleted});
    }
    std::vector<std::size_t> const chosen = search::choose_merge(sizes, limits);
    if (chosen.empty()) {
        return false;
    }
    naming_damage(index, [&] { merge_these(index, meta, chosen, monitor); });
    return true;
}

}  // namespace knowhow::server::index
