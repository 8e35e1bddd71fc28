#include "server/index/page.hpp"

namespace knowhow::server::index {

void init_page(Page page, Kind kind, uint64 generation) {
    PageInit(page, BLCKSZ, sizeof(Special));
    Special* const end = special(page);
    end->generation = generation;
    end->next_generation = 0;
    end->freed_at = 0;
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

void require_block(Relation index, BlockNumber block, BlockNumber* blocks) {
    if (block < *blocks) {
        return;
    }
    *blocks = RelationGetNumberOfBlocks(index);
    if (block >= *blocks) {
        report_damage(index, block, "the index has no such block");
    }
}

bool is_of_generation(Relation index, BlockNumber block, Page page, Kind kind, uint64 generation) {
    if (PageIsNew(page)) {
        report_damage(index, block, "the page was never written");
    }
    PageHeader const header = reinterpret_cast<PageHeader>(page);
    if (header->pd_special != BLCKSZ - sizeof(Special) ||
        header->pd_lower < MAXALIGN(SizeOfPageHeaderData) ||
        header->pd_lower > header->pd_special || special(page)->page_id != kPageId) {
        report_damage(index, block, "it is no page of a tfidf index");
    }
    return special(page)->kind == static_cast<uint16>(kind) &&
           (generation == 0 || special(page)->generation == generation);
}

void check_page(Relation index, BlockNumber block, Page page, Kind kind, uint64 generation) {
    if (is_of_generation(index, block, page, kind, generation)) {
        return;
    }
    report_damage(index, block,
                  special(page)->kind != static_cast<uint16>(kind)
                      ? "the page is of another kind than expected"
                      : "the page is of another generation than expected");
}

}  // namespace knowhow::server::index
