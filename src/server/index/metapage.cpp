#include "server/index/metapage.hpp"

extern "C" {
#include <access/generic_xlog.h>
#include <utils/lsyscache.h>
}

namespace knowhow::server::index {

search::Measure measure_of(Relation index) {
    Oid const family = index->rd_opfamily[0];
    Oid const type = index->rd_opcintype[0];
    auto has = [&](search::Measure measure) {
        return OidIsValid(
            get_opfamily_member(family, type, type, static_cast<int16>(strategy_of(measure))));
    };
    bool const cosine = has(search::Measure::kCosine);
    if (cosine == has(search::Measure::kInnerProduct)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                        errmsg("operator family of index \"%s\" must have one ordering operator",
                               RelationGetRelationName(index)),
                        errdetail("Strategy 1 is the cosine distance, strategy 2 the negative "
                                  "inner product."),
                        errhint("Use tfidf_cosine_ops or tfidf_ip_ops.")));
    }
    return cosine ? search::Measure::kCosine : search::Measure::kInnerProduct;
}

void init_meta(Page page, search::Measure measure) {
    init_page(page, Kind::kMeta, 0);
    Meta* const meta = reinterpret_cast<Meta*>(payload(page));
    memset(meta, 0, sizeof *meta);
    meta->magic = kMagic;
    meta->version = kFormatVersion;
    meta->measure = static_cast<uint8>(measure);
    meta->next_generation = 1;
    meta->fresh.head = meta->fresh.tail = InvalidBlockNumber;
    set_payload_used(page, sizeof *meta);
}

Meta* meta_of(Relation index, Page page) {
    check_page(index, kMetaBlock, page, Kind::kMeta, 0);
    Meta* const meta = reinterpret_cast<Meta*>(payload(page));
    if (payload_used(page) < sizeof *meta || meta->magic != kMagic) {
        report_damage(index, kMetaBlock, "the metapage is not one of a tfidf index");
    }
    if (meta->version != kFormatVersion) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("index \"%s\" has format version %d, and this module reads %d",
                               RelationGetRelationName(index), meta->version, kFormatVersion),
                        errhint("REINDEX it.")));
    }
    if (meta->measure != static_cast<uint8>(search::Measure::kCosine) &&
        meta->measure != static_cast<uint8>(search::Measure::kInnerProduct)) {
        report_damage(index, kMetaBlock, "the metapage names an unknown distance");
    }
    if (meta->segment_count > kMostSegments) {
        report_damage(index, kMetaBlock, "the metapage names too many segments");
    }
    return meta;
}

Meta read_meta(Relation index) {
    Buffer const buffer = ReadBuffer(index, kMetaBlock);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    Meta const copy = *meta_of(index, BufferGetPage(buffer));
    UnlockReleaseBuffer(buffer);
    return copy;
}

Buffer lock_meta(Relation index) {
    Buffer const buffer = ReadBuffer(index, kMetaBlock);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    return buffer;
}

uint64 draw_generation(Relation index) {
    Buffer const buffer = lock_meta(index);
    GenericXLogState* const log = GenericXLogStart(index);
    Meta* const meta = meta_of(index, GenericXLogRegisterBuffer(log, buffer, 0));
    uint64 const generation = meta->next_generation++;
    GenericXLogFinish(log);
    UnlockReleaseBuffer(buffer);
    return generation;
}

}  // namespace knowhow::server::index
