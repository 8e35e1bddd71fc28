// A list of postings under a query, in one segment: walked along, or asked for single documents.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/search/block.hpp"
#include "engine/search/dictionary.hpp"
#include "engine/search/postings.hpp"
#include "engine/search/segment.hpp"

namespace knowhow::search {

// Bounds are made a little larger than float32 may have made them too small.
inline constexpr float kRoundedUp = 1.000001F;

// Where in the block the document is, or would be. As std::lower_bound has it, with steps that are
// computed and not guessed: where a document stands is no habit that a processor could learn.
inline std::uint32_t place_in(const Block& block, std::uint32_t document) noexcept {
    std::uint32_t from = 0;
    for (std::uint32_t left = block.count; left > 0;) {
        const std::uint32_t half = (left + 1) / 2;
        from += half * static_cast<std::uint32_t>(block.documents[from + half - 1] < document);
        left -= half;
    }
    return from;
}

class Cursor {
  public:
    Cursor(const Segment& segment, const TermEntry& entry, double exact_weight, double scaled,
           std::vector<std::uint8_t>& scratch)
        : segment_(&segment), exact_(exact_weight), weight_(static_cast<float>(scaled)) {
        if (entry.documents == 1) {
            stream_.documents[0] = entry.document;
            stream_.weights[0] = entry.weight;
            stream_.count = 1;
            single(entry);
            return;
        }
        bytes_.resize(segment.root().payload_bytes + kSlack);
        if (entry.blocks() == 1) {
            skips_.page.push_back(entry.page);
            skips_.offset.push_back(entry.offset);
            decode(0, stream_);
            if (stream_.count != entry.documents) {
                corrupted("A block of postings has the wrong length.");
            }
            single(entry);
            return;
        }
        read_skips(segment, entry, scratch, skips_);
        const std::vector<float>& side = weight_ > 0 ? skips_.most : skips_.least;
        bounds_.resize(skips_.size());
        for (std::size_t i = 0; i < side.size(); ++i) {
            bounds_[i] = weight_ * side[i] * kRoundedUp;
        }
        // Without negative weights a negative one of the query adds nothing: its bounds stay 0.
    }

    double exact_weight() const noexcept { return exact_; }
    float weight() const noexcept { return weight_; }
    std::size_t blocks() const noexcept { return skips_.last.size(); }
    float bound(std::size_t block) const noexcept { return bounds_[block]; }
    std::uint32_t last(std::size_t block) const noexcept { return skips_.last[block]; }

    // The blocks that may have documents of [begin, end): first() up to end_block().
    // Windows are asked for in ascending order.
    float enter(std::uint32_t begin, std::uint32_t end) {
        while (first_ < blocks() && skips_.last[first_] < begin) {
            ++first_;
        }
        end_ = first_;
        float most = 0;
        while (end_ < blocks()) {
            most = std::max(most, bounds_[end_]);
            if (skips_.last[end_++] >= end - 1) {
                break;
            }
        }
        return most;
    }
    std::size_t first() const noexcept { return first_; }
    std::size_t end_block() const noexcept { return end_; }

    // For walking along a list.
    const Block& walk(std::size_t block) {
        if (streamed_ != block) {
            streamed_ = kNone;
            decode(block, stream_);
            streamed_ = block;
        }
        return stream_;
    }

    // The block of the window in which the document is, if it is in the list; blocks() if none.
    std::size_t block_of(std::uint32_t document) const noexcept {
        const auto begin = skips_.last.begin();
        const auto found = std::lower_bound(begin + first_, begin + end_, document);
        return found == begin + end_ ? blocks() : static_cast<std::size_t>(found - begin);
    }

    // The weight of a document of the window; 0 if it is not in the list.
    float find(std::uint32_t document) {
        const std::size_t block = block_of(document);
        if (block == blocks()) {
            return 0;
        }
        const Block* in = &stream_;
        if (streamed_ != block) {
            if (probe_ == nullptr) {
                probe_ = std::make_unique<Block>();
            }
            if (probed_ != block) {
                probed_ = kNone;
                decode(block, *probe_);
                probed_ = block;
            }
            in = probe_.get();
        }
        const std::uint32_t at = place_in(*in, document);
        return at != in->count && in->documents[at] == document ? in->weights[at] : 0;
    }

  private:
    static constexpr std::size_t kNone = ~std::size_t{0};

    void single(const TermEntry& entry) {
        skips_.last.assign(1, stream_.documents[stream_.count - 1]);
        bounds_.assign(1, weight_ * (weight_ > 0 ? entry.most : entry.least) * kRoundedUp);
        streamed_ = 0;
    }

    void decode(std::size_t block, Block& to) {
        const PageNumber page = skips_.page[block];
        const std::size_t offset = skips_.offset[block];
        const std::size_t payload = segment_->root().payload_bytes;
        if (offset >= payload) {
            corrupted("A block of postings is outside its page.");
        }
        const std::size_t enough = std::min(kMaxBlockBytes, payload - offset);
        if (page != page_ || offset < from_ || offset + enough > to_) {
            // Who walks gets all that follows on the page, who jumps one block.
            const std::size_t bytes = block == decoded_ + 1 ? payload - offset : enough;
            page_ = kNoPage;
            segment_->reader().read(page, offset, bytes, bytes_.data() + offset);
            page_ = page;
            from_ = offset;
            to_ = offset + bytes;
        }
        decode_block(bytes_.data() + offset, to_ - offset, segment_->root().documents, to);
        if (blocks() > 1 && to.documents[to.count - 1] != skips_.last[block]) {
            corrupted("A block of postings does not end where its skip says.");
        }
        decoded_ = block;
    }

    const Segment* segment_;
    double exact_;
    float weight_;
    Skips skips_;
    std::vector<float> bounds_;
    std::size_t first_ = 0;
    std::size_t end_ = 0;
    Block stream_;
    std::size_t streamed_ = kNone;
    std::unique_ptr<Block> probe_;
    std::size_t probed_ = kNone;
    // What was read last.
    std::vector<std::uint8_t> bytes_;
    PageNumber page_ = kNoPage;
    std::size_t from_ = 0;
    std::size_t to_ = 0;
    std::size_t decoded_ = kNone - 1;
};

}  // namespace knowhow::search
