#include "server/index/segment_pages.hpp"

extern "C" {
#include <access/generic_xlog.h>
#include <access/xloginsert.h>
#include <miscadmin.h>
#include <utils/rel.h>
}

#include <algorithm>

#include "engine/base/error.hpp"
#include "server/border/border.hpp"
#include "server/index/free_pages.hpp"
#include "server/index/generation_changed.hpp"

namespace knowhow::server::index {
namespace {

BlockNumber last_read = InvalidBlockNumber;

}  // namespace

BlockNumber last_segment_block() noexcept {
    return last_read;
}

SegmentReader::SegmentReader(Relation index, const SegmentEntry& entry)
    : index_(index),
      generation_(entry.generation),
      pages_(entry.pages),
      map_(segment_map(index, entry)) {}

void SegmentReader::read(search::PageNumber page, std::size_t offset, std::size_t bytes, void* to) {
    bool same = false;
    guarded([&] {
        if (page >= pages_) {
            report_damage(index_, kMetaBlock, "a segment names a page that it does not have");
        }
        BlockNumber const block = (*map_)[page];
        last_read = block;
        Buffer const buffer = ReadBuffer(index_, block);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page const content = BufferGetPage(buffer);
        if (is_of_generation(index_, block, content, Kind::kSegment, generation_)) {
            if (special(content)->next != page || offset > kPayloadBytes ||
                bytes > kPayloadBytes - offset) {
                report_damage(index_, block, "it is another page of its segment than expected");
            }
            memcpy(to, payload(content) + offset, bytes);
            same = true;
        }
        UnlockReleaseBuffer(buffer);
    });
    if (!same) {
        throw GenerationChanged(index_, (*map_)[page]);
    }
}

SegmentWriter::SegmentWriter(Relation index, Writing writing, Monitor& monitor)
    : index_(index), writing_(writing), monitor_(&monitor) {
    guarded([&] { generation_ = draw_generation(index); });
}

// Returns the block.
BlockNumber SegmentWriter::write_page(Kind kind, BlockNumber next, const void* bytes, Size count) {
    BlockNumber block = InvalidBlockNumber;
    guarded([&] {
        bool const change = writing_ == Writing::kChange;
        Buffer const buffer = change ? allocate(index_) : extend(index_);
        GenericXLogState* const log = change ? GenericXLogStart(index_) : nullptr;
        Page const page = change ? GenericXLogRegisterBuffer(log, buffer, GENERIC_XLOG_FULL_IMAGE)
                                 : BufferGetPage(buffer);
        // Nobody else sees a page of a build: it needs none of the copies that GenericXLog makes.
        if (!change) {
            START_CRIT_SECTION();
        }
        init_page(page, kind, generation_);
        special(page)->next = next;
        memcpy(payload(page), bytes, count);
        set_payload_used(page, count);
        if (change) {
            GenericXLogFinish(log);
        } else {
            MarkBufferDirty(buffer);
            if (RelationNeedsWAL(index_)) {
                log_newpage_buffer(buffer, true);
            }
            END_CRIT_SECTION();
        }
        block = BufferGetBlockNumber(buffer);
        UnlockReleaseBuffer(buffer);
    });
    return block;
}

void SegmentWriter::write(search::PageNumber page, search::PageKind,
                          std::span<const std::byte> bytes) {
    monitor_->poll();
    if (page >= map_.size()) {
        map_.resize(std::size_t{page} + 1, InvalidBlockNumber);
    }
    map_[page] = write_page(Kind::kSegment, page, bytes.data(), bytes.size());
}

BlockNumber SegmentWriter::write_map() {
    // The last page first, so that each knows the next.
    BlockNumber next = InvalidBlockNumber;
    Size left = map_pages(map_.size());
    for (; left > 0; --left) {
        Size const from = (left - 1) * kBlocksPerMapPage;
        Size const count = std::min(kBlocksPerMapPage, map_.size() - from);
        next = write_page(Kind::kMap, next, map_.data() + from, count * sizeof(BlockNumber));
    }
    return next;
}

SegmentEntry SegmentWriter::finish(const search::SegmentCounts& counts) {
    if (map_.size() != counts.pages ||
        std::find(map_.begin(), map_.end(), InvalidBlockNumber) != map_.end()) {
        throw Error(ErrorCode::kDataCorrupted, "a segment of a tfidf index lacks pages");
    }
    SegmentEntry entry;
    memset(&entry, 0, sizeof entry);
    entry.generation = generation_;
    entry.terms = counts.terms;
    entry.postings = counts.postings;
    entry.map = write_map();
    entry.pages = counts.pages;
    entry.rows = counts.rows();
    return entry;
}

}  // namespace knowhow::server::index
