#include "server/index/options.hpp"

extern "C" {
#include <access/reloptions.h>
}

namespace knowhow::server::index {
namespace {

constexpr int kFreshPages = 64;
constexpr int kLeastFreshPages = 2;  // the last page stays
constexpr int kMostFreshPages = 1 << 16;

struct Options {
    int32 header;  // a varlena's
    int fresh_pages;
};

relopt_kind kind;

}  // namespace

void register_options() {
    kind = add_reloption_kind();
    add_int_reloption(kind, "fresh_pages",
                      "Pages of fresh rows at which they are made a segment.", kFreshPages,
                      kLeastFreshPages, kMostFreshPages, AccessExclusiveLock);
}

bytea* parse_options(Datum given, bool check) {
    static const relopt_parse_elt kParsed[] = {
        {"fresh_pages", RELOPT_TYPE_INT, offsetof(Options, fresh_pages)},
    };
    return static_cast<bytea*>(
        build_reloptions(given, check, kind, sizeof(Options), kParsed, lengthof(kParsed)));
}

uint32 fresh_pages(Relation index) {
    return static_cast<uint32>(
        index->rd_options == nullptr
            ? kFreshPages
            : reinterpret_cast<const Options*>(index->rd_options)->fresh_pages);
}

}  // namespace knowhow::server::index
