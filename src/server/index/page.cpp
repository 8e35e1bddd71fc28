#include "server/index/page.hpp"

extern "C" {
#include <storage/lmgr.h>
}

namespace knowhow::server::index {

void init_page(Page page, Kind kind, uint64 generation) {
    PageInit(page, BLCKSZ, sizeof(Special));
    Special* const end = special(page);
    end->generation = generation;
    end->next_generation = 0;
    end->next = InvalidBlockNumber;
    end->kind = static_cast<uint16>(kind);
    end->page_id = kPageId;
}

void report_damage(Relation index, BlockNumber block, const char* what) {
    ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                    errmsg("index \"%s\" is damaged at block %u: %s",
                           RelationGetRelationName(index), block, what),
                    errhint("REINDEX it.")));
    pg_unreachable();
}

void check_page(Relation index, BlockNumber block, Page page, Kind kind, uint64 generation) {
    if (PageIsNew(page)) {
        report_damage(index, block, "the page was never written");
    }
    PageHeader const header = reinterpret_cast<PageHeader>(page);
    if (header->pd_special != BLCKSZ - sizeof(Special) ||
        header->pd_lower < MAXALIGN(SizeOfPageHeaderData) ||
        header->pd_lower > header->pd_special || special(page)->page_id != kPageId) {
        report_damage(index, block, "it is no page of a tfidf index");
    }
    if (special(page)->kind != static_cast<uint16>(kind)) {
        report_damage(index, block, "the page is of another kind than expected");
    }
    if (generation != 0 && special(page)->generation != generation) {
        report_damage(index, block, "the page is of another generation than expected");
    }
}

Buffer extend(Relation index) {
#if PG_VERSION_NUM >= 160000
    return ExtendBufferedRel(BMR_REL(index), MAIN_FORKNUM, nullptr, EB_LOCK_FIRST);
#else
    bool const others = !RELATION_IS_LOCAL(index);
    if (others) {
        LockRelationForExtension(index, ExclusiveLock);
    }
    Buffer const buffer = ReadBuffer(index, P_NEW);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    if (others) {
        UnlockRelationForExtension(index, ExclusiveLock);
    }
    return buffer;
#endif
}

}  // namespace knowhow::server::index
