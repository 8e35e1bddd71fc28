#include "server/index/segment_pages.hpp"

extern "C" {
#include <access/generic_xlog.h>
}

#include <algorithm>

#include "engine/base/error.hpp"
#include "server/border/border.hpp"

namespace knowhow::server::index {
SegmentReader::SegmentReader(Relation index, const SegmentEntry& entry)
    : index_(index), generation_(entry.generation) {
    BlockNumber blocks = 0;
    guarded([&] {
        blocks = RelationGetNumberOfBlocks(index);
        if (entry.pages >= blocks) {
            report_damage(index, kMetaBlock, "a segment has more pages than the index");
        }
    });
    map_.resize(entry.pages);
    guarded([&] {
        BlockNumber map = entry.map;
        for (Size done = 0; done < entry.pages;) {
            if (map == InvalidBlockNumber) {
                report_damage(index, entry.map, "the map of a segment is cut off");
            }
            Buffer const buffer = ReadBuffer(index, map);
            LockBuffer(buffer, BUFFER_LOCK_SHARE);
            Page const page = BufferGetPage(buffer);
            check_page(index, map, page, Kind::kMap, entry.generation);
            Size const count = std::min<Size>(kBlocksPerMapPage, entry.pages - done);
            if (payload_used(page) != count * sizeof(BlockNumber)) {
                report_damage(index, map, "a page of a segment's map has the wrong size");
            }
            memcpy(map_.data() + done, payload(page), count * sizeof(BlockNumber));
            done += count;
            map = special(page)->next;
            UnlockReleaseBuffer(buffer);
        }
    });
}

void SegmentReader::read(search::PageNumber page, std::size_t offset, std::size_t bytes, void* to) {
    guarded([&] {
        if (page >= map_.size()) {
            report_damage(index_, kMetaBlock, "a segment names a page that it does not have");
        }
        BlockNumber const block = map_[page];
        Buffer const buffer = ReadBuffer(index_, block);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page const content = BufferGetPage(buffer);
        check_page(index_, block, content, Kind::kSegment, generation_);
        if (special(content)->next != page || offset > kPayloadBytes ||
            bytes > kPayloadBytes - offset) {
            report_damage(index_, block, "it is another page of its segment than expected");
        }
        memcpy(to, payload(content) + offset, bytes);
        UnlockReleaseBuffer(buffer);
    });
}

SegmentWriter::SegmentWriter(Relation index, Monitor& monitor) : index_(index), monitor_(&monitor) {
    guarded([&] { generation_ = draw_generation(index); });
}

void SegmentWriter::write(search::PageNumber page, search::PageKind,
                          std::span<const std::byte> bytes) {
    monitor_->poll();
    if (page >= map_.size()) {
        map_.resize(std::size_t{page} + 1, InvalidBlockNumber);
    }
    guarded([&] {
        Buffer const buffer = extend(index_);
        GenericXLogState* const log = GenericXLogStart(index_);
        Page const content = GenericXLogRegisterBuffer(log, buffer, GENERIC_XLOG_FULL_IMAGE);
        init_page(content, Kind::kSegment, generation_);
        special(content)->next = page;
        memcpy(payload(content), bytes.data(), bytes.size());
        set_payload_used(content, bytes.size());
        GenericXLogFinish(log);
        map_[page] = BufferGetBlockNumber(buffer);
        UnlockReleaseBuffer(buffer);
    });
}

BlockNumber SegmentWriter::write_map() {
    // The last page first, so that each knows the next.
    BlockNumber next = InvalidBlockNumber;
    Size left = map_pages(map_.size());
    for (; left > 0; --left) {
        Size const from = (left - 1) * kBlocksPerMapPage;
        Size const count = std::min(kBlocksPerMapPage, map_.size() - from);
        guarded([&] {
            Buffer const buffer = extend(index_);
            GenericXLogState* const log = GenericXLogStart(index_);
            Page const page = GenericXLogRegisterBuffer(log, buffer, GENERIC_XLOG_FULL_IMAGE);
            init_page(page, Kind::kMap, generation_);
            special(page)->next = next;
            memcpy(payload(page), map_.data() + from, count * sizeof(BlockNumber));
            set_payload_used(page, count * sizeof(BlockNumber));
            GenericXLogFinish(log);
            next = BufferGetBlockNumber(buffer);
            UnlockReleaseBuffer(buffer);
        });
    }
    return next;
}

void SegmentWriter::publish(const search::SegmentCounts& counts) {
    if (map_.size() != counts.pages ||
        std::find(map_.begin(), map_.end(), InvalidBlockNumber) != map_.end()) {
        throw Error(ErrorCode::kDataCorrupted, "a segment of a tfidf index lacks pages");
    }
    BlockNumber const map = write_map();
    guarded([&] {
        Buffer const buffer = lock_meta(index_);
        GenericXLogState* const log = GenericXLogStart(index_);
        Meta* const meta = meta_of(index_, GenericXLogRegisterBuffer(log, buffer, 0));
        if (meta->segment_count == kMostSegments) {
            report_damage(index_, kMetaBlock, "it has no room for another segment");
        }
        SegmentEntry* const entry = &meta->segments[meta->segment_count++];
        memset(entry, 0, sizeof *entry);
        entry->generation = generation_;
        entry->terms = counts.terms;
        entry->postings = counts.postings;
        entry->map = map;
        entry->pages = counts.pages;
        entry->rows = counts.rows();
        GenericXLogFinish(log);
        UnlockReleaseBuffer(buffer);
    });
}

}  // namespace knowhow::server::index
