#include "engine/search/fast_pass.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "engine/search/cursor.hpp"
#include "engine/search/dictionary.hpp"
#include "engine/search/exact_pass.hpp"
#include "engine/search/segment_format.hpp"
#include "engine/search/sums.hpp"

namespace knowhow::search {
namespace {

constexpr std::uint32_t kWindow = 4096;
constexpr std::uint32_t kMostTerms = 1024;
// Blocks of essential lists in a window from which on all its sums are looked through.
constexpr std::size_t kDenseBlocks = 6;
// One essential list is walked with block skipping where no more lists than these must be asked.
constexpr std::size_t kMostForOneList = 8;
// Postings that are added in the time that it takes to look a document up in a list, and in a block of
// one that is unpacked.
constexpr std::size_t kCostOfLookup = 96;
constexpr std::size_t kCostOfPlace = 16;

// What the query is in one segment.
struct Found {
    std::uint32_t term;  // of the query
    TermEntry entry;
};

// The thresholds, which rise while segments are searched.
struct Threshold {
    float margin;   // of float32 sums
    double floor;   // scores that are found for certain are greater
    double primed;  // a score that enough documents are expected to reach
};

class SegmentPass {
  public:
    SegmentPass(const SearchedSegment& searched, const std::vector<Found>& found, VectorView query,
                double query_squared_norm, double scale, const Threshold& threshold, Best& best,
                Monitor& monitor)
        : searched_(searched),
          segment_(*searched.segment),
          cosine_(segment_.measure() == Measure::kCosine),
          query_squared_norm_(query_squared_norm),
          threshold_(threshold),
          best_(best),
          monitor_(monitor) {
        std::vector<std::uint8_t> scratch;
        cursors_.reserve(found.size());
        for (const Found& each : found) {
            const double weight = query.weight(each.term);
            cursors_.emplace_back(segment_, each.entry, weight, weight * scale, scratch);
            monitor_.poll();
        }
        raise();
    }

    void run() {
        const std::uint32_t documents = segment_.root().documents;
        const std::size_t count = cursors_.size();
        bounds_.resize(count);
        order_.resize(count);
        before_.resize(count + 1);
        PollEvery poll(monitor_, 64);
        for (std::uint32_t begin = 0; begin < documents; begin += kWindow) {
            begin_ = begin;
            end_ = std::min(documents, begin + kWindow);
            have_inverses_ = false;
            float total = 0;
            std::size_t used = 0;
            for (std::size_t i = 0; i < count; ++i) {
                bounds_[i] = cursors_[i].enter(begin, end_);
                total += bounds_[i];
                if (cursors_[i].first() != cursors_[i].end_block()) {
                    order_[used++] = i;
                }
            }
            poll.step();
            if (total * kRoundedUp < cut_) {
                continue;
            }
            std::sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(used),
                      [&](std::size_t a, std::size_t b) { return bounds_[a] < bounds_[b]; });
            before_[0] = 0;
            for (std::size_t i = 0; i < used; ++i) {
                before_[i + 1] = (before_[i] + bounds_[order_[i]]) * kRoundedUp;
            }
            used_ = used;
            essential_ = 0;
            more_are_unessential();
            if (essential_ < used) {
                window();
            }
        }
    }

  private:
    // Nothing below this sum, in float32, can enter.
    void raise() {
        const double limit = best_.limit();
        double score = std::max(threshold_.floor, threshold_.primed);
        if (std::isfinite(limit)) {
            score = std::max(score, cosine_ ? 1 - limit : -limit);
        }
        cut_ = static_cast<float>(score) - threshold_.margin;
    }

    void more_are_unessential() {
        while (essential_ < used_ && before_[essential_ + 1] < cut_) {
            ++essential_;
        }
    }

    float inverse(std::uint32_t document) {
        if (!cosine_) {
            return 1;
        }
        need_inverses();
        return inverses_[document - begin_];
    }

    void need_inverses() {
        if (!have_inverses_) {
            inverses_.resize(kWindow);
            segment_.read_array(segment_.root().inverses, kInverseBytes, begin_, end_ - begin_,
                                inverses_.data());
            have_inverses_ = true;
        }
    }

    void window() {
        if (used_ - essential_ == 1 && used_ <= kMostForOneList) {
            one_list(cursors_[order_[essential_]]);
            return;
        }
        std::size_t blocks = 0;
        for (std::size_t i = essential_; i < used_; ++i) {
            blocks += cursors_[order_[i]].end_block() - cursors_[order_[i]].first();
        }
        const bool dense = blocks >= kDenseBlocks;
        touched_.clear();
        added_ = 0;
        if (dense) {
            std::fill(sums_, sums_ + kWindow, 0.0F);
        }
        for (std::size_t i = essential_; i < used_; ++i) {
            add(cursors_[order_[i]], dense);
        }
        if (dense) {
            look_through(end_ - begin_);
        } else {
            std::sort(touched_.begin(), touched_.end());
            const std::size_t first = essential_;
            const float bound = before_[first];
            for (const std::uint32_t at : touched_) {
                seen_[at] = false;
            }
            for (const std::uint32_t at : touched_) {
                const float sum = sums_[at] * inverse(begin_ + at);
                if (sum + bound >= cut_) {
                    candidate(begin_ + at, sum, first);
                }
            }
        }
    }

    // Calls visit(place in the window, weight) for what a list has there.
    template <typename Visit>
    void each_posting(Cursor& cursor, Visit visit) {
        for (std::size_t b = cursor.first(); b < cursor.end_block(); ++b) {
            const Block& block = cursor.walk(b);
            std::uint32_t from = 0;
            std::uint32_t to = block.count;
            if (block.documents[0] < begin_) {
                from = place_in(block, begin_);
            }
            if (block.documents[to - 1] >= end_) {
                to = place_in(block, end_);
            }
            for (std::uint32_t j = from; j < to; ++j) {
                visit(block.documents[j] - begin_, block.weights[j]);
            }
            added_ += to - from;
        }
    }

    // Adds what a list has in the window to the sums.
    void add(Cursor& cursor, bool dense) {
        const float weight = cursor.weight();
        if (dense) {
            each_posting(cursor, [&](std::uint32_t at, float of_document) {
                sums_[at] += weight * of_document;
            });
            return;
        }
        each_posting(cursor, [&](std::uint32_t at, float of_document) {
            if (!seen_[at]) {
                seen_[at] = true;
                sums_[at] = 0;
                touched_.push_back(at);
            }
            sums_[at] += weight * of_document;
        });
    }

    // All sums of a window, in strips: most hold no candidate.
    void look_through(std::uint32_t width) {
        if (cosine_) {
            need_inverses();
        }
        const float* const factors = cosine_ ? inverses_.data() : nullptr;
        const std::size_t strips = (width + kSumsAtOnce - 1) / kSumsAtOnce;
        // Where many documents would have to be looked up in the next list, adding it whole is
        // cheaper; it raises no bound, and lowers what is left to look up.
        std::size_t first = essential_;
        for (; first > 0; --first) {
            Cursor& next = cursors_[order_[first - 1]];
            const std::size_t postings =
                (next.end_block() - next.first()) * std::size_t{kBlockPostings};
            if (count_reaching(sums_, factors, strips, before_[first], cut_) * kCostOfLookup <=
                std::min<std::size_t>(postings, width)) {
                break;
            }
            add(next, true);
        }
        if (cosine_) {
            for (std::uint32_t i = 0; i < width; ++i) {
                sums_[i] *= inverses_[i];
            }
        }
        const float bound = before_[first];
        for (std::size_t strip = 0;; ++strip) {
            strip = next_reaching(sums_, strip, strips, bound, cut_);
            if (strip == strips) {
                break;
            }
            const std::uint32_t from = static_cast<std::uint32_t>(strip) * kSumsAtOnce;
            for (std::uint32_t i = from; i < std::min(from + kSumsAtOnce, width); ++i) {
                if (sums_[i] + bound >= cut_) {
                    touched_.push_back(i);
                }
            }
        }
        if (first == 0 && touched_.size() * used_ * kCostOfPlace > added_ + width) {
            score_together(width);
            return;
        }
        for (const std::uint32_t at : touched_) {
            candidate(begin_ + at, sums_[at], first);
        }
    }

    // Scores those touched in a window of which all lists were added. Of many, adding all lists once more
    // costs less than looking each of them up in each.
    void score_together(std::uint32_t width) {
        products_.assign(width, 0.0);
        for (Cursor& cursor : cursors_) {
            const double weight = cursor.exact_weight();
            each_posting(cursor, [&](std::uint32_t at, float of_document) {
                products_[at] += weight * of_document;
            });
        }
        for (const std::uint32_t at : touched_) {
            if (sums_[at] >= cut_) {
                offer(begin_ + at, products_[at]);
            }
        }
    }

    // The only essential list: blocks that cannot lift a document over the threshold are not read.
    void one_list(Cursor& cursor) {
        const std::size_t first = essential_;
        const float bound = before_[first];
        const float weight = cursor.weight();
        for (std::size_t b = cursor.first(); b < cursor.end_block(); ++b) {
            if ((cursor.bound(b) + bound) * kRoundedUp < cut_) {
                continue;
            }
            const Block& block = cursor.walk(b);
            for (std::uint32_t j = place_in(block, begin_);
                 j < block.count && block.documents[j] < end_; ++j) {
                const float product = weight * block.weights[j];
                if (!cosine_ && product + bound < cut_) {
                    continue;
                }
                const float sum = product * inverse(block.documents[j]);
                if (sum + bound >= cut_) {
                    candidate(block.documents[j], sum, first);
                }
            }
        }
    }

    // `sum`: what the lists from `first` on add.
    void candidate(std::uint32_t document, float sum, std::size_t first) {
        for (std::size_t i = first; i-- > 0;) {
            if (sum + before_[i + 1] < cut_) {
                return;
            }
            Cursor& cursor = cursors_[order_[i]];
            const std::size_t block = cursor.block_of(document);
            if (block == cursor.blocks() || (cursor.bound(block) == 0 && cursor.weight() > 0)) {
                continue;
            }
            if ((sum + before_[i] + cursor.bound(block)) * kRoundedUp < cut_) {
                return;
            }
            const float weight = cursor.find(document);
            if (weight != 0) {
                sum += cursor.weight() * weight * inverse(document);
            }
        }
        if (sum >= cut_) {
            score(document);
        }
    }

    // In double, in the order of terms.
    void score(std::uint32_t document) {
        double product = 0;
        for (Cursor& cursor : cursors_) {
            const float weight = cursor.find(document);
            if (weight != 0) {
                product += cursor.exact_weight() * weight;
            }
        }
        offer(document, product);
    }

    void offer(std::uint32_t document, double product) {
        double squared_norm = 0;
        if (cosine_) {
            segment_.read_array(segment_.root().norms, kNormBytes, document, 1, &squared_norm);
        }
        const double distance =
            distance_of(segment_.measure(), product, query_squared_norm_, squared_norm);
        if (!best_.may_enter(distance)) {
            return;
        }
        if (searched_.has_deleted) {
            std::uint8_t deleted = 0;
            segment_.read_deleted(document, std::span(&deleted, 1));
            if (deleted != 0) {
                return;
            }
        }
        Tid tid = 0;
        segment_.read_tids(document, std::span(&tid, 1));
        best_.offer({distance, tid, false});
        raise();
    }

    const SearchedSegment& searched_;
    const Segment& segment_;
    const bool cosine_;
    const double query_squared_norm_;
    const Threshold& threshold_;
    Best& best_;
    Monitor& monitor_;
    std::vector<Cursor> cursors_;  // in the order of terms
    float cut_ = 0;

    // The window.
    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
    std::size_t used_ = 0;       // lists that have blocks there,
    std::size_t essential_ = 0;  // from here on the essential ones
    std::vector<float> bounds_;
    std::vector<std::size_t> order_;
    std::vector<float> before_;  // sums of bounds in that order
    std::vector<std::uint32_t> touched_;
    std::size_t added_ = 0;        // postings
    std::vector<double> products_;
    std::vector<float> inverses_;
    bool have_inverses_ = false;
    bool seen_[kWindow] = {};
    float sums_[kWindow];
};

double least_contribution(double weight, const TermEntry& entry) {
    return std::min(0.0, weight * (weight > 0 ? entry.least : entry.most));
}

}  // namespace

std::optional<double> fast_pass(std::span<const SearchedSegment> segments, VectorView query,
                                double query_squared_norm, std::uint64_t rank, bool primed,
                                Best& best, Monitor& monitor, std::pmr::memory_resource* memory) {
    if (query.empty() || query.size() > kMostTerms) {
        return std::nullopt;
    }
    const bool cosine = !segments.empty() && segments[0].segment->measure() == Measure::kCosine;
    const double scale = cosine ? 1 / std::sqrt(query_squared_norm) : 1;
    std::pmr::vector<std::vector<Found>> found(segments.size(), memory);
    double largest = 0;  // sum of all that terms can add or take away
    Threshold threshold{0, 0, 0};
    for (std::size_t s = 0; s < segments.size(); ++s) {
        const Segment& segment = *segments[s].segment;
        if (segment.root().extreme != 0) {
            return std::nullopt;
        }
        Dictionary dictionary(segment);
        double sum = 0;
        double least = 0;
        for (std::uint32_t i = 0; i < query.size(); ++i) {
            if (const std::optional<TermEntry> entry = dictionary.find(query.term(i))) {
                found[s].push_back({i, *entry});
                const double weight = query.weight(i) * scale;
                sum += std::abs(weight) * std::max(entry->most, -entry->least);
                least += least_contribution(weight, *entry);
            }
        }
        largest = std::max(largest, sum);
        for (const Found& each : found[s]) {
            const double weight = query.weight(each.term) * scale;
            const auto reached = std::lower_bound(kRanks.begin(), kRanks.end(), rank);
            if (primed && weight > 0 && reached != kRanks.end()) {
                threshold.primed = std::max(
                    threshold.primed,
                    weight * each.entry.ranked[static_cast<std::size_t>(reached - kRanks.begin())] +
                        least - least_contribution(weight, each.entry));
            }
        }
    }
    // Nothing in common at all: nothing to find. Beyond these limits float32 would lose too much.
    if (largest == 0 || !(largest > 1e-20 && largest < 1e30)) {
        return std::nullopt;
    }
    threshold.margin = static_cast<float>(
        std::max(1e-14, largest * (query.size() + 16) * std::numeric_limits<float>::epsilon()));
    if (!cosine) {
        threshold.margin = static_cast<float>(largest * (query.size() + 16) *
                                              std::numeric_limits<float>::epsilon());
    }
    threshold.floor = 4.0 * threshold.margin;
    threshold.primed -= threshold.margin;
    for (std::size_t s = 0; s < segments.size(); ++s) {
        if (!found[s].empty()) {
            const std::unique_ptr<SegmentPass> pass = std::make_unique<SegmentPass>(
                segments[s], found[s], query, query_squared_norm, scale, threshold, best, monitor);
            pass->run();
        }
    }
    const double floor = std::max(threshold.floor, threshold.primed);
    return cosine ? 1 - floor : -floor;
}

}  // namespace knowhow::search
