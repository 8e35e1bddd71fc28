#include "server/index/fresh.hpp"

extern "C" {
#include <access/generic_xlog.h>
}

#include "server/index/free_pages.hpp"
#include "server/index/structure.hpp"

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

bool has_room(Page page, const RowBytes& row) {
    return payload_used(page) + sizeof(ChunkHead) + row.bytes <= kPayloadBytes;
}

// The last page, exclusively locked; InvalidBuffer where there is none.
Buffer lock_tail(Relation index, const Meta* meta) {
    if (meta->fresh.tail == InvalidBlockNumber) {
        return InvalidBuffer;
    }
    BlockNumber blocks = 0;
    require_block(index, meta->fresh.tail, &blocks);
    Buffer const buffer = ReadBuffer(index, meta->fresh.tail);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    check_page(index, meta->fresh.tail, BufferGetPage(buffer), Kind::kFresh, 0);
    return buffer;
}

// Makes pages, `first` to `last`, the end of the chain. The metapage and the tail are registered.
void link(Meta* meta, Page tail, uint64 generation, BlockNumber first, BlockNumber last,
          uint32 pages) {
    if (tail == nullptr) {
        meta->fresh.head = first;
        meta->fresh.head_generation = generation;
    } else {
        special(tail)->next = first;
        special(tail)->next_generation = generation;
    }
    meta->fresh.tail = last;
    meta->fresh.pages += pages;
}

// A row that fits into a page: into the last one if that has room, else into a new one that is
// linked by the same record.
uint32 append_short(Relation index, const RowBytes& row) {
    Buffer new_buffer = InvalidBuffer;
    for (;;) {
        Buffer const meta_buffer = lock_meta(index);
        Buffer const tail_buffer =
            lock_tail(index, meta_of(index, BufferGetPage(meta_buffer)));
        bool const has_tail = BufferIsValid(tail_buffer);
        bool const fits = has_tail && has_room(BufferGetPage(tail_buffer), row);
        uint32 pages = 0;
        if (fits || BufferIsValid(new_buffer)) {
            GenericXLogState* const log = GenericXLogStart(index);
            Meta* const meta = meta_of(index, GenericXLogRegisterBuffer(log, meta_buffer, 0));
            Page page = has_tail ? GenericXLogRegisterBuffer(log, tail_buffer, 0) : nullptr;
            if (!fits) {
                uint64 const generation = meta->next_generation++;
                BlockNumber const block = BufferGetBlockNumber(new_buffer);
                link(meta, page, generation, block, block, 1);
                page = GenericXLogRegisterBuffer(log, new_buffer, GENERIC_XLOG_FULL_IMAGE);
                init_page(page, Kind::kFresh, generation);
                pages = meta->fresh.pages;
            }
            put_chunk(page, row, 0, row.bytes);
            count_row(meta, row);
            GenericXLogFinish(log);
        }
        if (has_tail) {
            UnlockReleaseBuffer(tail_buffer);
        }
        UnlockReleaseBuffer(meta_buffer);
        if (fits) {
            if (BufferIsValid(new_buffer)) {
                give_back(index, new_buffer);  // somebody else was faster
            }
            return 0;
        }
        if (BufferIsValid(new_buffer)) {
            UnlockReleaseBuffer(new_buffer);
            return pages;
        }
        // Its lock comes before the metapage's, so that nobody waits for the search.
        new_buffer = allocate(index);
    }
}

// Writes the row to new pages, the last first, so that each knows the next; nothing leads to them
// yet, and a crash leaves them so. Returns the first; `last` is set to the last.
BlockNumber write_pages(Relation index, const RowBytes& row, uint64 generation, uint32 pages,
                        BlockNumber* last) {
    BlockNumber next = InvalidBlockNumber;
    for (uint32 left = pages; left > 0; --left) {
        CHECK_FOR_INTERRUPTS();
        Buffer const buffer = allocate(index);
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

uint32 append_long(Relation index, const RowBytes& row) {
    lock_part(index, Part::kUnlinked, ShareLock);
    uint64 const generation = draw_generation(index);
    uint32 const pages = static_cast<uint32>((row.bytes + kMostChunk - 1) / kMostChunk);
    BlockNumber last = InvalidBlockNumber;
    BlockNumber const first = write_pages(index, row, generation, pages, &last);
    Buffer const meta_buffer = lock_meta(index);
    Buffer const tail_buffer = lock_tail(index, meta_of(index, BufferGetPage(meta_buffer)));
    GenericXLogState* const log = GenericXLogStart(index);
    Meta* const meta = meta_of(index, GenericXLogRegisterBuffer(log, meta_buffer, 0));
    Page const tail =
        BufferIsValid(tail_buffer) ? GenericXLogRegisterBuffer(log, tail_buffer, 0) : nullptr;
    link(meta, tail, generation, first, last, pages);
    count_row(meta, row);
    uint32 const all_pages = meta->fresh.pages;
    GenericXLogFinish(log);
    if (BufferIsValid(tail_buffer)) {
        UnlockReleaseBuffer(tail_buffer);
    }
    UnlockReleaseBuffer(meta_buffer);
    unlock_part(index, Part::kUnlinked, ShareLock);
    return all_pages;
}

}  // namespace

uint32 append_fresh(Relation index, ItemPointer tid, const struct varlena* vector) {
    RowBytes row;
    Size const bytes = vector == nullptr ? 0 : VARSIZE_ANY_EXHDR(vector);
    search::write_fresh_head(
        search::make_tid(ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid)),
        vector == nullptr, static_cast<uint32>(bytes), row.head);
    row.vector = vector == nullptr ? nullptr : VARDATA_ANY(vector);
    row.bytes = sizeof row.head + bytes;
    return row.bytes <= kMostChunk ? append_short(index, row) : append_long(index, row);
}

bool read_fresh_page(Relation index, BlockNumber block, uint64 generation, Page to,
                     BlockNumber* blocks, BufferAccessStrategy strategy) {
    require_block(index, block, blocks);
    Buffer const buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    memcpy(to, BufferGetPage(buffer), BLCKSZ);
    UnlockReleaseBuffer(buffer);
    if (!is_of_generation(index, block, to, Kind::kFresh, generation)) {
        return false;
    }
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
    return true;
}

}  // namespace knowhow::server::index
