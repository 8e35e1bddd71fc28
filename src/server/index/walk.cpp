#include "server/index/walk.hpp"

#include <algorithm>
#include <cstring>

#include "engine/base/error.hpp"
#include "engine/search/segment.hpp"
#include "engine/search/verify.hpp"
#include "engine/sparse/fault.hpp"
#include "server/index/fresh_reader.hpp"
#include "server/index/segment_pages.hpp"

namespace knowhow::server::index {
namespace {

constexpr std::uint32_t kRowsAtOnce = 4096;

[[noreturn]] void damaged(std::string sentence) {
    throw Error(ErrorCode::kDataCorrupted, "a tfidf index is damaged", {}, std::move(sentence));
}

// Whether both lead to the same pages, but for fresh rows that came.
bool same_structure(const Meta& a, const Meta& b) {
    bool same = a.segment_count == b.segment_count && a.fresh.head == b.fresh.head &&
                a.fresh.head_generation == b.fresh.head_generation;
    for (uint32 i = 0; same && i < a.segment_count; ++i) {
        same = a.segments[i].generation == b.segments[i].generation;
    }
    return same;
}

std::string differing(const char* what, uint64 counted, uint64 stored) {
    return std::string("It has ") + std::to_string(counted) + " " + what + ", and counts " +
           std::to_string(stored) + ".";
}

}  // namespace

// A segment's pages, copied one at a time. Which block was read last, the walk knows.
class Walk::SegmentPages : public search::PageReader {
  public:
    SegmentPages(Walk& walk, const SegmentEntry& entry) : walk_(walk), entry_(entry) {
        BlockNumber map = entry.map;
        for (Size done = 0; done < entry.pages;) {
            walk.claim(map);
            const char* const content = walk.copy(map, Kind::kMap, entry.generation);
            MapPage page;
            guarded([&] {
                page = map_page(walk.index_, map, const_cast<char*>(content), entry, done);
            });
            for (Size i = 0; i < page.count; ++i) {
                BlockNumber const block = page.blocks[i];
                walk.claim(block);
                blocks_.push_back(block);
            }
            done += page.count;
            map = page.next;
        }
    }

    std::size_t payload_bytes() const override { return kPayloadBytes; }

    void read(search::PageNumber page, std::size_t offset, std::size_t bytes, void* to) override {
        if (page >= blocks_.size()) {
            damaged("It names page " + std::to_string(page) + " of its segment, which has " +
                    std::to_string(blocks_.size()) + ".");
        }
        char* const content =
            const_cast<char*>(walk_.copy(blocks_[page], Kind::kSegment, entry_.generation));
        if (special(content)->next != page) {
            damaged("It is another page of its segment than the segment's map says.");
        }
        memcpy(to, payload(content) + offset, bytes);
    }

    BlockNumber root() const { return blocks_.at(0); }

  private:
    Walk& walk_;
    const SegmentEntry& entry_;
    std::vector<BlockNumber> blocks_;
};

Walk::Walk(Relation index, std::size_t memory)
    : index_(index),
      budget_(memory),
      page_(std::make_unique<char[]>(BLCKSZ)),
      ledger_(&budget_) {
    guarded([&] { strategy_ = GetAccessStrategy(BAS_BULKREAD); });
}

void Walk::note(Problem problem) {
    if (problems_.size() + 1 < kMostProblems) {
        problems_.push_back(std::move(problem));
    } else if (problems_.size() < kMostProblems) {
        problems_.push_back({std::nullopt, std::nullopt, "There are more problems than these."});
    }
}

// Runs `body` and notes the damage that ends it. What the checks of this folder raise holds no lock
// and no pin, because pages are copied before they are checked; so the transaction can go on.
// Errors of reading itself (a checksum, a file) are not caught: they name file and block.
template <typename Body>
bool Walk::noting(const std::optional<BlockNumber>& block, Body&& body) {
    try {
        body();
        return true;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kDataCorrupted) {
            throw;
        }
        note({block, std::nullopt, error.detail().empty() ? error.what() : error.detail()});
    } catch (const PostgresError& error) {
        if (error.data()->sqlerrcode != ERRCODE_INDEX_CORRUPTED) {
            throw;
        }
        note({block, std::nullopt, error.data()->message});
    }
    return false;
}

const char* Walk::copy(BlockNumber block) {
    copied_ = block;
    guarded([&] {
        Buffer const buffer =
            ReadBufferExtended(index_, MAIN_FORKNUM, block, RBM_NORMAL, strategy_);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        memcpy(page_.get(), BufferGetPage(buffer), BLCKSZ);
        UnlockReleaseBuffer(buffer);
    });
    return page_.get();
}

const char* Walk::copy(BlockNumber block, Kind kind, uint64 generation) {
    copy(block);
    guarded([&] { check_page(index_, block, page_.get(), kind, generation); });
    if (special(page_.get())->freed_at != 0 && freed_.insert(block).second) {
        miscounts_.push_back({block, std::nullopt, "It is marked free, and something leads to it."});
    }
    return page_.get();
}

// Something leads to a block. Not even a second time is it read if there is no such block.
void Walk::claim(BlockNumber block) {
    if (block >= claimed_.size()) {
        // Pages may have come since.
        BlockNumber blocks = 0;
        guarded([&] { blocks = RelationGetNumberOfBlocks(index_); });
        claimed_.resize(std::max<std::size_t>(claimed_.size(), blocks));
    }
    if (block >= claimed_.size()) {
        damaged("It leads to block " + std::to_string(block) + ", and the index has " +
                std::to_string(claimed_.size()) + ".");
    }
    if (claimed_[block]) {
        damaged("It leads to block " + std::to_string(block) + ", to which something else leads.");
    }
    claimed_[block] = true;
}

bool Walk::read_meta_copy(Meta* meta) {
    return noting(kMetaBlock, [&] {
        copy(kMetaBlock);
        guarded([&] { memcpy(meta, meta_of(index_, page_.get()), sizeof *meta); });
    });
}

void Walk::check_meta() {
    auto must = [&](bool holds, const char* sentence) {
        if (!holds) {
            note({kMetaBlock, std::nullopt, sentence});
        }
    };
    FreshArea const& fresh = meta_.fresh;
    bool const has_fresh = fresh.head != InvalidBlockNumber;
    must(has_fresh == (fresh.tail != InvalidBlockNumber) && has_fresh == (fresh.pages > 0) &&
             (has_fresh || (fresh.rows == 0 && fresh.bytes == 0)),
         "It contradicts itself about whether there are fresh rows.");
    must(!has_fresh || fresh.head_generation < meta_.next_generation,
         "The generation of its first fresh page is one of the future.");
    for (uint32 i = 0; i < meta_.segment_count; ++i) {
        SegmentEntry const& entry = meta_.segments[i];
        must(entry.deleted <= entry.rows, "A segment has more removed rows than rows.");
        must(entry.generation < meta_.next_generation,
             "The generation of a segment is one of the future.");
        for (uint32 j = 0; j < i; ++j) {
            must(entry.generation != meta_.segments[j].generation,
                 "Two segments have the same generation.");
        }
    }
    guarded([&] {
        if (measure_of(index_) != static_cast<search::Measure>(meta_.measure)) {
            report_damage(index_, kMetaBlock, "it was built for another distance");
        }
    });
}

void Walk::read_segment(const SegmentEntry& entry) {
    SegmentPages pages(*this, entry);
    search::Segment const segment(pages);
    search::SegmentCounts const counts = segment.counts();
    auto of_segment = [&](std::string sentence) {
        note({pages.root(), std::nullopt, std::move(sentence)});
    };
    if (static_cast<uint8>(segment.measure()) != meta_.measure) {
        of_segment("The segment was built for another distance than the index.");
    }
    if (counts.rows() != entry.rows || counts.terms != entry.terms ||
        counts.postings != entry.postings || counts.pages != entry.pages) {
        of_segment("The segment and the metapage count its rows, terms, postings or pages "
                   "differently.");
    }
    std::pmr::vector<std::uint64_t> fingerprints(counts.documents, &budget_);
    std::vector<std::string> faults;
    bool const whole = noting(copied_, [&] {
        search::verify_segment(segment, fingerprints, faults, kMostProblems, monitor_, &budget_);
    });
    for (std::string& fault : faults) {
        of_segment(std::move(fault));
    }
    if (!whole) {
        whole_ = false;
        return;
    }
    ledger_.expect(counts.rows());
    std::vector<search::Tid> tids(kRowsAtOnce);
    std::vector<std::uint8_t> deleted(kRowsAtOnce);
    uint64 removed = 0;
    for (std::uint32_t first = 0; first < counts.rows(); first += kRowsAtOnce) {
        monitor_.poll();
        std::uint32_t const count = std::min(kRowsAtOnce, counts.rows() - first);
        segment.read_tids(first, std::span(tids).first(count));
        segment.read_deleted(first, std::span(deleted).first(count));
        for (std::uint32_t i = 0; i < count; ++i) {
            std::uint32_t const row = first + i;
            bool const null = row >= counts.documents;
            if (deleted[i] != 0) {
                ++removed;
            } else {
                ledger_.add(tids[i], null, null ? 0 : fingerprints[row]);
            }
        }
    }
    if (removed != entry.deleted) {
        miscounts_.push_back(
            {pages.root(), std::nullopt, differing("removed rows", removed, entry.deleted)});
    }
}

void Walk::read_fresh_pages() {
    BlockNumber block = meta_.fresh.head;
    uint64 generation = meta_.fresh.head_generation;
    uint64 pages = 0;
    BlockNumber last = InvalidBlockNumber;
    while (block != InvalidBlockNumber) {
        monitor_.poll();
        claim(block);
        char* const page = const_cast<char*>(copy(block, Kind::kFresh, generation));
        ++pages;
        last = block;
        block = special(page)->next;
        generation = special(page)->next_generation;
    }
    if (pages != meta_.fresh.pages) {
        miscounts_.push_back(
            {kMetaBlock, std::nullopt, differing("fresh pages", pages, meta_.fresh.pages)});
    }
    if (last != meta_.fresh.tail) {
        miscounts_.push_back(
            {kMetaBlock, std::nullopt, "The last fresh page is not the one that it names."});
    }
}

void Walk::read_fresh_rows() {
    FreshReader reader(index_, meta_);
    search::Row row;
    uint64 rows = 0;
    for (PollEvery poll(monitor_, 256); reader.next(row); poll.step()) {
        ++rows;
        const char* const fault = row.null ? nullptr : fault_of(row.vector);
        if (fault != nullptr) {
            note({std::nullopt, row.tid, std::string("The vector of a fresh row is damaged. ") + fault});
            ledger_.add(row.tid, false, 0);
            continue;
        }
        ledger_.add(row.tid, row.null, row.null ? 0 : search::fingerprint(row.vector));
    }
    if (rows != meta_.fresh.rows) {
        miscounts_.push_back(
            {kMetaBlock, std::nullopt, differing("fresh rows", rows, meta_.fresh.rows)});
    }
}

// Nothing led to these pages: they are free, or a crash left them, or somebody is writing them.
// What belongs to a segment that is there must have been led to.
void Walk::read_unclaimed() {
    for (BlockNumber block = 0; block < claimed_.size(); ++block) {
        if (claimed_[block]) {
            continue;
        }
        monitor_.poll();
        noting(block, [&] {
            copy(block);
            if (PageIsNew(page_.get())) {
                return;
            }
            guarded([&] {
                PageHeader const header = reinterpret_cast<PageHeader>(page_.get());
                Kind const kind = header->pd_special == BLCKSZ - sizeof(Special)
                                      ? static_cast<Kind>(special(page_.get())->kind)
                                      : Kind::kSegment;
                check_page(index_, block, page_.get(), kind, 0);
                if (kind < Kind::kFresh || kind > Kind::kSegment) {
                    report_damage(index_, block, "the page is of a kind that does not exist");
                }
            });
            for (uint32 i = 0; i < meta_.segment_count; ++i) {
                if (special(page_.get())->generation == meta_.segments[i].generation) {
                    damaged("It is a page of a segment that does not lead to it.");
                }
            }
        });
    }
}

void Walk::read() {
    BlockNumber blocks = 0;
    guarded([&] { blocks = RelationGetNumberOfBlocks(index_); });
    if (blocks == 0) {
        note({kMetaBlock, std::nullopt, "The index has no metapage."});
        whole_ = false;
        return;
    }
    has_meta_ = read_meta_copy(&meta_);
    if (!has_meta_) {
        whole_ = false;
        return;
    }
    // After the metapage, so that no page that it leads to is missing.
    guarded([&] { blocks = RelationGetNumberOfBlocks(index_); });
    claimed_.resize(blocks);
    claimed_[kMetaBlock] = true;
    noting(kMetaBlock, [&] { check_meta(); });
    bool reached = true;
    for (uint32 i = 0; i < meta_.segment_count; ++i) {
        copied_ = kMetaBlock;
        bool const good = noting(copied_, [&] { read_segment(meta_.segments[i]); });
        reached = good && reached;
    }
    copied_ = kMetaBlock;
    // Each row once more, whole: what goes on over several pages is put together.
    bool const fresh = noting(copied_, [&] { read_fresh_pages(); }) &&
                       noting(std::nullopt, [&] { read_fresh_rows(); });
    whole_ = reached && fresh && whole_;
    if (reached && fresh) {
        read_unclaimed();
    }
    ledger_.sort(monitor_);
}

void Walk::compare(search::Tid tid, bool null, VectorView vector) {
    const char* const fault = null ? nullptr : fault_of(vector);
    if (fault != nullptr) {
        note({std::nullopt, tid, std::string("The table's own vector is damaged. ") + fault});
        return;
    }
    using Found = search::Ledger::Found;
    Found const found = ledger_.find(tid, null, null ? 0 : search::fingerprint(vector));
    if (found == Found::kOther) {
        note({std::nullopt, tid, "The index holds another vector of the row than the table."});
    } else if (found == Found::kNot && whole_) {
        note({std::nullopt, tid, "The index does not have the row."});
    }
    if (found != Found::kNot && seen_repeated_.size() < kMostProblems &&
        ledger_.is_repeated(tid)) {
        seen_repeated_.push_back(tid);
    }
}

void Walk::finish(BlockNumber table_blocks) {
    // While the metapage stays as it was nobody has written: every row that comes and every row
    // that VACUUM takes away changes what it counts.
    Meta now;
    bool const readable = has_meta_ && read_meta_copy(&now);
    bool const quiet = readable && memcmp(&now, &meta_, sizeof now) == 0;
    outdated_ = readable && !same_structure(now, meta_);
    if (quiet && whole_) {
        for (Problem& problem : miscounts_) {
            note(std::move(problem));
        }
    }
    // VACUUM may have taken a row away after it was read here, and its place may have been given to
    // another. No row that the snapshot sees has such a place.
    for (search::Tid const tid : quiet ? ledger_.repeated(kMostProblems) : seen_repeated_) {
        note({std::nullopt, tid, "The index has the row more than once."});
    }
    for (search::Tid const tid : ledger_.beyond(table_blocks, kMostProblems)) {
        note({std::nullopt, tid, "The index has a row behind the end of the table."});
    }
}

}  // namespace knowhow::server::index
