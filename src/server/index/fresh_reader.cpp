#include "server/index/fresh_reader.hpp"

#include "engine/base/error.hpp"
#include "engine/sparse/fault.hpp"
#include "server/border/border.hpp"
#include "server/index/generation_changed.hpp"

namespace knowhow::server::index {

FreshReader::FreshReader(Relation index, const Meta& meta, BlockNumber end)
    : index_(index),
      end_(end),
      page_(std::make_unique<char[]>(BLCKSZ)),
      next_(meta.fresh.head),
      next_generation_(meta.fresh.head_generation),
      blocks_(0) {}

bool FreshReader::open_next_page() {
    if (next_ == end_ || next_ == InvalidBlockNumber) {
        return false;
    }
    bool same = false;
    guarded([&] {
        if (pages_ >= blocks_) {
            blocks_ = RelationGetNumberOfBlocks(index_);
            if (pages_ >= blocks_) {
                report_damage(index_, next_, "the chain of fresh pages has no end");
            }
        }
        same = read_fresh_page(index_, next_, next_generation_, page_.get(), &blocks_, nullptr);
    });
    if (!same) {
        throw GenerationChanged(index_, next_);
    }
    ++pages_;
    block_ = next_;
    offset_ = 0;
    Special const* const end = special(page_.get());
    next_ = end->next;
    next_generation_ = end->next_generation;
    return true;
}

search::Row FreshReader::decode(const char* bytes, Size size) const {
    try {
        search::FreshHead const head = search::read_fresh_head(bytes);
        if (head.payload_bytes == size - search::kFreshHeadBytes) {
            const VectorView vector =
                head.null ? VectorView()
                          : VectorView(bytes + search::kFreshHeadBytes, head.payload_bytes);
            if (is_harmless(vector)) {
                return {head.tid, head.null, vector};
            }
        }
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kDataCorrupted) {
            throw;
        }
    }
    guarded([&] { report_damage(index_, block_, "a row has a form that no writer gives it"); });
    return {};
}

bool FreshReader::next(search::Row& row) {
    for (;;) {
        if (block_ == InvalidBlockNumber || offset_ >= payload_used(page_.get())) {
            if (!open_next_page()) {
                if (!long_row_.empty()) {
                    guarded([&] { report_damage(index_, block_, "a row is cut off"); });
                }
                return false;
            }
            continue;
        }
        ChunkHead const head = chunk_at(page_.get(), offset_);
        const char* const bytes = chunk_bytes(page_.get(), offset_);
        offset_ = next_chunk(offset_, head);
        bytes_ += head.bytes;
        bool const first = (head.flags & kChunkFirst) != 0;
        if (first == !long_row_.empty()) {
            guarded([&] { report_damage(index_, block_, "chunks of rows are out of order"); });
        }
        bool const last = (head.flags & kChunkLast) != 0;
        bool const removed = first && (head.flags & kChunkDeleted) != 0;
        if (removed && last) {
            continue;
        }
        if (first && last) {
            row = decode(bytes, head.bytes);
            return true;
        }
        if (removed) {
            // Its other chunks follow, one a page.
            for (bool end = false; !end;) {
                if (!open_next_page() || payload_used(page_.get()) == 0) {
                    guarded([&] { report_damage(index_, block_, "a row is cut off"); });
                }
                ChunkHead const more = chunk_at(page_.get(), 0);
                if ((more.flags & kChunkFirst) != 0) {
                    guarded([&] { report_damage(index_, block_, "a row is cut off"); });
                }
                offset_ = next_chunk(0, more);
                bytes_ += more.bytes;
                end = (more.flags & kChunkLast) != 0;
            }
            continue;
        }
        if (first) {
            long_row_.clear();
        }
        long_row_.insert(long_row_.end(), bytes, bytes + head.bytes);
        if (last) {
            // Kept until the next call, which must find no row begun.
            whole_row_.swap(long_row_);
            long_row_.clear();
            row = decode(whole_row_.data(), whole_row_.size());
            return true;
        }
    }
}

}  // namespace knowhow::server::index
