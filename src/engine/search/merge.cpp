#include "engine/search/merge.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/search/dictionary.hpp"
#include "engine/search/postings.hpp"
#include "engine/search/segment_format.hpp"
#include "engine/search/source.hpp"

namespace knowhow::search {
namespace {

constexpr std::uint32_t kDropped = 0xFFFFFFFF;
constexpr unsigned kTermsPerPoll = 1024;
constexpr std::uint64_t kPostingsPerPoll = std::uint64_t{1} << 20;

// Norms beyond these, and float32 can no longer hold what a search accumulates: such segments are
// searched in double only.
constexpr double kLeastOrdinaryNorm = 1e-15;
constexpr double kMostOrdinaryNorm = 1e15;

// An array on consecutive pages, written from front to back.
class ArrayWriter {
  public:
    ArrayWriter(PageWriter& to, PageKind kind, std::size_t item, PageNumber first)
        : to_(to), kind_(kind), item_(item), page_(first) {}

    void add(const void* value) {
        if (bytes_.size() + item_ > to_.payload_bytes()) {
            flush();
        }
        const std::uint8_t* from = static_cast<const std::uint8_t*>(value);
        bytes_.insert(bytes_.end(), from, from + item_);
    }
    void flush() {
        if (!bytes_.empty()) {
            to_.write(page_++, kind_, std::as_bytes(std::span(bytes_)));
            bytes_.clear();
        }
    }

  private:
    PageWriter& to_;
    PageKind kind_;
    std::size_t item_;
    PageNumber page_;
    std::vector<std::uint8_t> bytes_;
};

// A source on its way through the merge.
struct Merged {
    MergeSource* source;
    std::pmr::vector<std::uint32_t> numbers;  // new ones by old ones, documents only
    std::uint32_t next_number = 0;            // old one of the next document
    std::span<const MergeSource::SourceRow> rows;
    std::span<const MergeSource::Posting> postings;

    Merged(MergeSource* source_, std::pmr::memory_resource* memory)
        : source(source_), numbers(memory) {}

    // The next posting's new number; deleted ones are passed over. kDropped at the end.
    std::uint32_t head() {
        for (;;) {
            if (postings.empty()) {
                postings = source->next_postings();
                if (postings.empty()) {
                    return kDropped;
                }
            }
            const std::uint32_t document = numbers[postings.front().document];
            if (document != kDropped) {
                return document;
            }
            postings = postings.subspan(1);
        }
    }
};

class Merge {
  public:
    Merge(std::span<const MergeSourcePointer> sources, Measure measure, PageWriter& to,
          Monitor& monitor, std::pmr::memory_resource* memory)
        : measure_(measure),
          to_(to),
          monitor_(monitor),
          inverses_(memory),
          postings_(to, next_page_),
          dictionary_(to, next_page_) {
        sources_.reserve(sources.size());
        for (const MergeSourcePointer& source : sources) {
            sources_.emplace_back(source.get(), memory);
        }
    }

    SegmentCounts run() {
        count();
        rows();
        terms();
        postings_.finish();
        dictionary_.finish();
        write_root();
        return {root_.documents, root_.nulls, root_.terms, root_.postings, root_.pages};
    }

  private:
    void count() {
        std::uint64_t documents = 0;
        std::uint64_t nulls = 0;
        for (Merged& merged : sources_) {
            const SegmentCounts counts = merged.source->counts();
            merged.numbers.resize(counts.documents);
            total_ += static_cast<std::int64_t>(counts.postings);
            documents += merged.source->live_documents();
            nulls += merged.source->live_nulls();
            monitor_.poll();
        }
        if (documents + nulls > kMaxRows) {
            throw Error(ErrorCode::kLimitExceeded,
                        "a tfidf index cannot take more than " + std::to_string(kMaxRows) +
                            " rows in one segment",
                        "Partition the table.");
        }
        root_.documents = static_cast<std::uint32_t>(documents);
        root_.nulls = static_cast<std::uint32_t>(nulls);
    }

    PageNumber reserve(std::uint64_t items, std::size_t item) {
        if (items == 0) {
            return kNoPage;
        }
        const PageNumber first = next_page_;
        next_page_ += static_cast<PageNumber>(array_pages(items, item, to_.payload_bytes()));
        return first;
    }

    void rows() {
        const std::uint32_t rows = root_.documents + root_.nulls;
        const bool cosine = measure_ == Measure::kCosine;
        root_.tids = reserve(rows, kTidBytes);
        root_.norms = reserve(cosine ? root_.documents : 0, kNormBytes);
        root_.inverses = reserve(cosine ? root_.documents : 0, kInverseBytes);
        root_.deleted = reserve((std::uint64_t{rows} + 7) / 8, 1);
        ArrayWriter tids(to_, PageKind::kTids, kTidBytes, root_.tids);
        ArrayWriter norms(to_, PageKind::kNorms, kNormBytes, root_.norms);
        ArrayWriter inverses(to_, PageKind::kInverses, kInverseBytes, root_.inverses);
        if (cosine) {
            inverses_.reserve(root_.documents);
        }
        std::uint32_t number = 0;
        const auto add_document = [&](Merged& from, const MergeSource::SourceRow& row) {
            from.numbers.at(from.next_number++) = row.deleted ? kDropped : number;
            if (row.deleted) {
                return;
            }
            add_tid(tids, row.tid);
            ++number;
            if (cosine) {
                const double norm = std::sqrt(row.squared_norm);
                const double inverse = row.squared_norm > 0 ? 1 / norm : 0;
                const float single = static_cast<float>(inverse);
                root_.extreme |= row.squared_norm > 0 &&
                                 !(norm >= kLeastOrdinaryNorm && norm <= kMostOrdinaryNorm);
                norms.add(&row.squared_norm);
                inverses.add(&single);
                inverses_.push_back(inverse);
            }
        };
        const auto add_null = [&](Merged&, const MergeSource::SourceRow& row) {
            if (!row.deleted) {
                add_tid(tids, row.tid);
                ++number;
            }
        };
        merge_rows(&SegmentCounts::documents, add_document);
        require(number == root_.documents);
        merge_rows(&SegmentCounts::nulls, add_null);
        require(number == rows);
        tids.flush();
        norms.flush();
        inverses.flush();
        ArrayWriter deleted(to_, PageKind::kDeleted, 1, root_.deleted);
        const std::uint8_t none = 0;
        for (std::uint32_t i = 0; i < (std::uint64_t{rows} + 7) / 8; ++i) {
            deleted.add(&none);
        }
        deleted.flush();
        postings_.set_inverses(inverses_);
    }

    void add_tid(ArrayWriter& tids, Tid tid) {
        std::uint8_t bytes[kTidBytes];
        store_tid(tid, bytes);
        tids.add(bytes);
    }

    // Takes as many rows of each source as it counts, all in the order of TIDs.
    template <typename Add>
    void merge_rows(std::uint32_t SegmentCounts::*part, Add&& add) {
        std::vector<std::uint32_t> left;
        for (Merged& merged : sources_) {
            left.push_back(merged.source->counts().*part);
        }
        bool any = false;
        Tid last = 0;
        for (;;) {
            // The source with the least TID gives rows until another's is less.
            std::size_t least = sources_.size();
            Tid limit = ~Tid{0};
            for (std::size_t i = 0; i < sources_.size(); ++i) {
                if (left[i] == 0) {
                    continue;
                }
                Merged& merged = sources_[i];
                if (merged.rows.empty()) {
                    merged.rows = merged.source->next_rows();
                    require(!merged.rows.empty() && merged.rows.size() <= left[i]);
                }
                const Tid tid = merged.rows.front().tid;
                if (least == sources_.size() || tid < sources_[least].rows.front().tid) {
                    if (least != sources_.size()) {
                        limit = std::min(limit, sources_[least].rows.front().tid);
                    }
                    least = i;
                } else {
                    limit = std::min(limit, tid);
                }
            }
            if (least == sources_.size()) {
                return;
            }
            monitor_.poll();
            Merged& merged = sources_[least];
            do {
                const MergeSource::SourceRow& row = merged.rows.front();
                // A deleted row's place in the table may have been taken again.
                if (!row.deleted) {
                    if (any && row.tid <= last) {
                        corrupted("Two entries are for the row at block " +
                                  std::to_string(tid_block(row.tid)) + ", line pointer " +
                                  std::to_string(tid_line(row.tid)) + ".");
                    }
                    any = true;
                    last = row.tid;
                }
                add(merged, row);
                merged.rows = merged.rows.subspan(1);
                --left[least];
            } while (!merged.rows.empty() && merged.rows.front().tid <= limit);
        }
    }

    void terms() {
        std::vector<Merged*> heap;
        const auto later = [](const Merged* a, const Merged* b) {
            return compare_terms(a->source->term(), b->source->term()) > 0;
        };
        for (Merged& merged : sources_) {
            if (merged.source->next_term()) {
                heap.push_back(&merged);
            }
        }
        std::make_heap(heap.begin(), heap.end(), later);
        PollEvery poll(monitor_, kTermsPerPoll);
        std::vector<Merged*> same;
        std::string term;
        std::uint64_t reported = 0;
        while (!heap.empty()) {
            same.clear();
            term.assign(heap.front()->source->term());
            do {
                std::pop_heap(heap.begin(), heap.end(), later);
                same.push_back(heap.back());
                heap.pop_back();
            } while (!heap.empty() && heap.front()->source->term() == term);
            merge_postings(same);
            const TermEntry entry = postings_.end_list();
            if (entry.documents > 0) {
                dictionary_.add(term, entry);
            }
            for (Merged* merged : same) {
                if (merged->source->next_term()) {
                    if (compare_terms(merged->source->term(), term) <= 0) {
                        corrupted("Its terms are not in order.");
                    }
                    heap.push_back(merged);
                    std::push_heap(heap.begin(), heap.end(), later);
                }
            }
            poll.step();
            if (postings_.postings() - reported >= kPostingsPerPoll) {
                reported = postings_.postings();
                monitor_.progress(static_cast<std::int64_t>(reported), total_);
            }
        }
        monitor_.progress(total_, total_);
    }

    void merge_postings(std::vector<Merged*>& same) {
        std::uint64_t since_poll = 0;
        for (;;) {
            Merged* least = nullptr;
            std::uint32_t head = kDropped;
            std::uint32_t limit = kDropped;
            for (Merged* merged : same) {
                const std::uint32_t document = merged->head();
                if (document < head) {
                    limit = head;
                    head = document;
                    least = merged;
                } else {
                    limit = std::min(limit, document);
                }
            }
            if (least == nullptr) {
                return;
            }
            do {
                postings_.add(head, least->postings.front().weight);
                least->postings = least->postings.subspan(1);
                if (++since_poll % kPostingsPerPoll == 0) {
                    monitor_.poll();
                }
                head = least->head();
            } while (head < limit);
        }
    }

    void write_root() {
        root_.magic = kSegmentMagic;
        root_.version = kSegmentVersion;
        root_.measure = static_cast<std::uint8_t>(measure_);
        root_.dictionary_levels = static_cast<std::uint8_t>(dictionary_.levels());
        root_.payload_bytes = static_cast<std::uint32_t>(to_.payload_bytes());
        root_.pages = next_page_;
        root_.terms = dictionary_.terms();
        root_.postings = postings_.postings();
        root_.dictionary = dictionary_.root();
        root_.first_leaf = dictionary_.first_leaf();
        to_.write(0, PageKind::kRoot, std::as_bytes(std::span(&root_, 1)));
    }

    static void require(bool condition) {
        if (!condition) {
            corrupted("It does not have the rows that it counts.");
        }
    }

    const Measure measure_;
    PageWriter& to_;
    Monitor& monitor_;
    PageNumber next_page_ = 1;
    std::vector<Merged> sources_;
    std::pmr::vector<double> inverses_;  // by new number, where the measure is cosine
    PostingsWriter postings_;
    DictionaryWriter dictionary_;
    SegmentRoot root_{};
    std::int64_t total_ = 0;  // postings of all sources
};

// All of a segment, in order.
class SegmentSource final : public MergeSource {
  public:
    explicit SegmentSource(const Segment& segment) : segment_(segment), postings_(segment) {
        deleted_.resize(segment.rows());
        segment.read_deleted(0, deleted_);
    }

    SegmentCounts counts() override { return segment_.counts(); }
    std::uint32_t live_documents() override { return live(0, segment_.root().documents); }
    std::uint32_t live_nulls() override { return live(segment_.root().documents, segment_.rows()); }

    std::span<const SourceRow> next_rows() override {
        const std::uint32_t documents = segment_.root().documents;
        const std::uint32_t end = row_ < documents ? documents : segment_.rows();
        const std::uint32_t count = std::min<std::uint32_t>(kRowsAtATime, end - row_);
        tids_.resize(count);
        norms_.assign(count, 0);
        rows_.resize(count);
        segment_.read_tids(row_, tids_);
        if (segment_.measure() == Measure::kCosine && row_ < documents) {
            segment_.read_array(segment_.root().norms, kNormBytes, row_, count, norms_.data());
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            rows_[i] = {tids_[i], norms_[i], deleted_[row_ + i] != 0};
        }
        row_ += count;
        return rows_;
    }

    bool next_term() override {
        if (taken_ == segment_.root().terms) {
            return false;
        }
        if (taken_ == 0) {
            leaf_.read(segment_.reader(), segment_.root().first_leaf, 0);
        } else if (at_ == leaf_.count()) {
            leaf_.read(segment_.reader(), leaf_.next(), 0);
            at_ = 0;
        }
        ++taken_;
        ByteReader value(nullptr, nullptr);
        term_ = leaf_.term(at_++, value);
        entry_ = read_term_entry(value, segment_.root());
        given_ = false;
        if (entry_.documents > 1) {
            postings_.start(entry_);
        }
        return true;
    }
    std::string_view term() const override { return term_; }

    std::span<const Posting> next_postings() override {
        if (entry_.documents == 1) {
            posting_[0] = {entry_.document, entry_.weight};
            return std::span(posting_, given_ ? 0 : (given_ = true, 1));
        }
        if (!postings_.next(block_)) {
            return {};
        }
        for (std::uint32_t i = 0; i < block_.count; ++i) {
            posting_[i] = {block_.documents[i], block_.weights[i]};
        }
        return std::span(posting_, block_.count);
    }

  private:
    static constexpr std::uint32_t kRowsAtATime = 4096;

    std::uint32_t live(std::uint32_t first, std::uint32_t end) const {
        return static_cast<std::uint32_t>(
            std::count(deleted_.begin() + first, deleted_.begin() + end, 0));
    }

    const Segment& segment_;
    PostingsReader postings_;
    std::vector<std::uint8_t> deleted_;
    std::uint32_t row_ = 0;
    std::vector<Tid> tids_;
    std::vector<double> norms_;
    std::vector<SourceRow> rows_;
    Node leaf_;
    std::uint32_t at_ = 0;
    std::uint64_t taken_ = 0;
    std::string_view term_;
    TermEntry entry_;
    bool given_ = false;
    Block block_;
    Posting posting_[kBlockPostings];
};

}  // namespace

void DeleteMergeSource::operator()(MergeSource* source) const noexcept {
    delete source;
}

MergeSourcePointer segment_source(const Segment& segment) {
    return MergeSourcePointer(new SegmentSource(segment));
}

SegmentCounts write_segment(std::span<const MergeSourcePointer> sources, Measure measure,
                            PageWriter& to, Monitor& monitor, std::pmr::memory_resource* memory) {
    return Merge(sources, measure, to, monitor, memory).run();
}

}  // namespace knowhow::search
