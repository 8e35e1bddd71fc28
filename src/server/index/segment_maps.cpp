#include "server/index/segment_maps.hpp"

#include <algorithm>
#include <list>

#include "server/border/border.hpp"
#include "server/index/generation_changed.hpp"

namespace knowhow::server::index {
namespace {

constexpr Size kMostBlocksKept = Size{1} << 20;

struct Kept {
    Oid index;
    Oid file;  // another one after REINDEX
    uint64 generation;
    std::shared_ptr<const SegmentMap> map;
};

// The last used first: there are a few dozen. Never destroyed, as the process ends without.
std::list<Kept>& kept() {
    static std::list<Kept>* const list = new std::list<Kept>;
    return *list;
}

void forget_the_least_used() {
    Size blocks = 0;
    std::list<Kept>& list = kept();
    for (auto place = list.begin(); place != list.end(); ++place) {
        blocks += place->map->size();
        if (blocks > kMostBlocksKept && place != list.begin()) {
            list.erase(place, list.end());
            return;
        }
    }
}

SegmentMap read_map(Relation index, const SegmentEntry& entry) {
    BlockNumber all = 0;
    guarded([&] {
        all = RelationGetNumberOfBlocks(index);
        if (entry.pages >= all) {
            report_damage(index, kMetaBlock, "a segment has more pages than the index");
        }
    });
    SegmentMap blocks(entry.pages + map_pages(entry.pages));
    BlockNumber map = entry.map;
    for (Size i = 0; i < map_pages(entry.pages); ++i) {
        BlockNumber* const to = blocks.data() + i * kBlocksPerMapPage;
        bool same = false;
        BlockNumber next = InvalidBlockNumber;
        guarded([&] {
            require_block(index, map, &all);
            Buffer const buffer = ReadBuffer(index, map);
            LockBuffer(buffer, BUFFER_LOCK_SHARE);
            MapPage const page =
                map_page(index, map, BufferGetPage(buffer), entry, i * kBlocksPerMapPage);
            for (Size j = 0; j < page.count; ++j) {
                if (page.blocks[j] >= all) {
                    report_damage(index, map, "it names a block that the index does not have");
                }
            }
            if (page.blocks != nullptr) {
                memcpy(to, page.blocks, page.count * sizeof(BlockNumber));
                next = page.next;
                same = true;
            }
            UnlockReleaseBuffer(buffer);
        });
        if (!same) {
            throw GenerationChanged(index, map);
        }
        blocks[entry.pages + i] = map;
        map = next;
    }
    return blocks;
}

}  // namespace

MapPage map_page(Relation index, BlockNumber map, Page page, const SegmentEntry& entry, Size from) {
    if (!is_of_generation(index, map, page, Kind::kMap, entry.generation)) {
        return {nullptr, 0, InvalidBlockNumber};
    }
    Size const count = std::min<Size>(kBlocksPerMapPage, entry.pages - from);
    BlockNumber const next = special(page)->next;
    if (payload_used(page) != count * sizeof(BlockNumber) ||
        (next == InvalidBlockNumber) != (from + count == entry.pages)) {
        report_damage(index, map, "a page of a segment's map has the wrong size");
    }
    return {reinterpret_cast<const BlockNumber*>(payload(page)), count, next};
}

std::shared_ptr<const SegmentMap> segment_map(Relation index, const SegmentEntry& entry) {
    Oid const id = RelationGetRelid(index);
    Oid const file = index->rd_rel->relfilenode;
    std::list<Kept>& list = kept();
    // A damaged metapage may name another size than before.
    auto const found = std::find_if(list.begin(), list.end(), [&](const Kept& one) {
        return one.index == id && one.file == file && one.generation == entry.generation &&
               one.map->size() == entry.pages + map_pages(entry.pages);
    });
    if (found != list.end()) {
        list.splice(list.begin(), list, found);
    } else {
        list.push_front({id, file, entry.generation,
                         std::make_shared<const SegmentMap>(read_map(index, entry))});
        forget_the_least_used();
    }
    return list.front().map;
}

void forget_segment_maps(Relation index) noexcept {
    Oid const id = RelationGetRelid(index);
    kept().remove_if([id](const Kept& one) { return one.index == id; });
}

}  // namespace knowhow::server::index
