#include "server/index/fresh.hpp"

extern "C" {
#include <access/generic_xlog.h>
}

namespace knowhow::server::index {
namespace {

// A row's bytes, that are its head and the vector's payload, without a copy of the latter.
struct RowBytes {
    char head[search::kFreshHeadBytes];
    const char* vector;
    Size bytes;  // of both

    void copy(Size from, Size count, char* to) const {
        for (; from < sizeof head && count > 0; ++from, --count) {
            *to++ = head[from];
        }
        if (count > 0) {
            memcpy(to, vector + (from - sizeof head), count);
        }
    }
};

// Puts bytes [from, from + count) of the row behind what the page has.
void put_chunk(Page page, const RowBytes& row, Size from, Size count) {
    Size const used = payload_used(page);
    ChunkHead head;
    head.bytes = static_cast<uint16>(count);
    head.flags = static_cast<uint16>((from == 0 ? kChunkFirst : 0) |
                                     (from + count == row.bytes ? kChunkLast : 0));
    memcpy(payload(page) + used, &head, sizeof head);
    row.copy(from, count, payload(page) + used + sizeof head);
    set_payload_used(page, used + sizeof head + count);
}

void count_row(Meta* meta, const RowBytes& row) {
    ++meta->fresh.rows;
    meta->fresh.bytes += row.bytes;
}

// Adds the row to the last page if that has room.
bool append_to_tail(Relation index, const RowBytes& row) {
    if (row.bytes > kMostChunk) {
        return false;
    }
    Buffer const meta_buffer = lock_meta(index);
    Meta* const present = meta_of(index, BufferGetPage(meta_buffer));
    BlockNumber const tail = present->fresh.tail;
    if (tail == InvalidBlockNumber) {
        UnlockReleaseBuffer(meta_buffer);
        return false;
    }
    Buffer const tail_buffer = ReadBuffer(index, tail);
    LockBuffer(tail_buffer, BUFFER_LOCK_EXCLUSIVE);
    check_page(index, tail, BufferGetPage(tail_buffer), Kind::kFresh, 0);
    bool const fits =
        payload_used(BufferGetPage(tail_buffer)) + sizeof(ChunkHead) + row.bytes <= kPayloadBytes;
    if (fits) {
        GenericXLogState* const log = GenericXLogStart(index);
        Meta* const meta = meta_of(index, GenericXLogRegisterBuffer(log, meta_buffer, 0));
        put_chunk(GenericXLogRegisterBuffer(log, tail_buffer, 0), row, 0, row.bytes);
        count_row(meta, row);
        GenericXLogFinish(log);
    }
    UnlockReleaseBuffer(tail_buffer);
    UnlockReleaseBuffer(meta_buffer);
    return fits;
}

// Writes the row to new pages, the last first, so that each knows the next; nothing leads to them
// yet, and a crash leaves them so. Returns the first; `last` is set to the last.
BlockNumber write_pages(Relation index, const RowBytes& row, uint64 generation, uint32 pages,
                        BlockNumber* last) {
    BlockNumber next = InvalidBlockNumber;
    for (uint32 left = pages; left > 0; --left) {
        CHECK_FOR_INTERRUPTS();
        Buffer const buffer = extend(index);
        GenericXLogState* const log = GenericXLogStart(index);
        Page const page = GenericXLogRegisterBuffer(log, buffer, GENERIC_XLOG_FULL_IMAGE);
        init_page(page, Kind::kFresh, generation);
        special(page)->next = next;
        special(page)->next_generation = next == InvalidBlockNumber ? 0 : generation;
        Size const from = Size{left - 1} * kMostChunk;
        put_chunk(page, row, from, row.bytes - from < kMostChunk ? row.bytes - from : kMostChunk);
        GenericXLogFinish(log);
        next = BufferGetBlockNumber(buffer);
        if (left == pages) {
            *last = next;
        }
        UnlockReleaseBuffer(buffer);
    }
    return next;
}

// Makes pages that are written the end of the chain, in one record.
void link(Relation index, const RowBytes& row, uint64 generation, uint32 pages, BlockNumber first,
          BlockNumber last) {
    Buffer const meta_buffer = lock_meta(index);
    GenericXLogState* const log = GenericXLogStart(index);
    Meta* const meta = meta_of(index, GenericXLogRegisterBuffer(log, meta_buffer, 0));
    Buffer tail_buffer = InvalidBuffer;
    if (meta->fresh.tail == InvalidBlockNumber) {
        meta->fresh.head = first;
        meta->fresh.head_generation = generation;
    } else {
        tail_buffer = ReadBuffer(index, meta->fresh.tail);
        LockBuffer(tail_buffer, BUFFER_LOCK_EXCLUSIVE);
        check_page(index, meta->fresh.tail, BufferGetPage(tail_buffer), Kind::kFresh, 0);
        Special* const end = special(GenericXLogRegisterBuffer(log, tail_buffer, 0));
        end->next = first;
        end->next_generation = generation;
    }
    meta->fresh.tail = last;
    meta->fresh.pages += pages;
    count_row(meta, row);
    GenericXLogFinish(log);
    if (BufferIsValid(tail_buffer)) {
        UnlockReleaseBuffer(tail_buffer);
    }
    UnlockReleaseBuffer(meta_buffer);
}

}  // namespace

void append_fresh(Relation index, ItemPointer tid, const struct varlena* vector) {
    RowBytes row;
    Size const bytes = vector == nullptr ? 0 : VARSIZE_ANY_EXHDR(vector);
    search::write_fresh_head(
        search::make_tid(ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid)),
        vector == nullptr, static_cast<uint32>(bytes), row.head);
    row.vector = vector == nullptr ? nullptr : VARDATA_ANY(vector);
    row.bytes = sizeof row.head + bytes;
    if (append_to_tail(index, row)) {
        return;
    }
    uint64 const generation = draw_generation(index);
    uint32 const pages = static_cast<uint32>((row.bytes + kMostChunk - 1) / kMostChunk);
    BlockNumber last = InvalidBlockNumber;
    BlockNumber const first = write_pages(index, row, generation, pages, &last);
    link(index, row, generation, pages, first, last);
}

void read_fresh_page(Relation index, BlockNumber block, uint64 generation, Page to,
                     BufferAccessStrategy strategy) {
    Buffer const buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    memcpy(to, BufferGetPage(buffer), BLCKSZ);
    UnlockReleaseBuffer(buffer);
    check_page(index, block, to, Kind::kFresh, generation);
    Size const used = payload_used(to);
    Size offset = 0;
    while (offset < used) {
        if (used - offset < sizeof(ChunkHead)) {
            report_damage(index, block, "a chunk is cut off");
        }
        ChunkHead const head = chunk_at(to, offset);
        bool const first = (head.flags & kChunkFirst) != 0;
        if (head.bytes == 0 || head.bytes > used - offset - sizeof head ||
            (first && head.bytes < search::kFreshHeadBytes) || (!first && offset > 0)) {
            report_damage(index, block, "a chunk has a size or a place that no writer gives it");
        }
        offset = next_chunk(offset, head);
    }
}

}  // namespace knowhow::server::index
