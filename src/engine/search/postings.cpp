#include "engine/search/postings.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace knowhow::search {
namespace {

// Contributions that are looked through at a time for the ranked ones.
constexpr std::size_t kLargestHeld = 8 * kRanks.back();

constexpr double kSlackOfProducts = 1e-15;

constexpr std::size_t kSkipBytes = 14;
constexpr std::size_t kLeastBytes = sizeof(float);

[[noreturn]] void bad(const char* what) {
    corrupted(std::string("Its postings ") + what);
}

template <typename T>
void put_all(std::vector<std::uint8_t>& to, const std::vector<T>& from, std::size_t first,
             std::size_t count) {
    const std::size_t at = to.size();
    to.resize(at + count * sizeof(T));
    std::memcpy(to.data() + at, from.data() + first, count * sizeof(T));
}

template <typename T>
const std::uint8_t* take_all(const std::uint8_t* from, std::vector<T>& to, std::size_t count) {
    const std::size_t at = to.size();
    to.resize(at + count);
    std::memcpy(to.data() + at, from, count * sizeof(T));
    return from + count * sizeof(T);
}

}  // namespace

void Skips::clear() {
    last.clear();
    page.clear();
    most.clear();
    least.clear();
    offset.clear();
}

float rounded_up(double value) noexcept {
    const float near = static_cast<float>(value);
    return near >= value ? near : std::nextafter(near, std::numeric_limits<float>::infinity());
}

float rounded_down(double value) noexcept {
    return -rounded_up(-value);
}

PostingsWriter::PostingsWriter(PageWriter& to, PageNumber& next_page)
    : to_(to), next_page_(next_page) {
    largest_.reserve(kLargestHeld);
}

void PostingsWriter::open(OpenPage& page, PageNumber number) {
    page.page = number;
    page.bytes.assign(kPageHeadBytes, 0);
}

void PostingsWriter::close(OpenPage& page, PageKind kind, PageNumber next) {
    const PageHead head = {static_cast<std::uint8_t>(kind), 0,
                           static_cast<std::uint16_t>(page.bytes.size()), next};
    std::memcpy(page.bytes.data(), &head, sizeof head);
    to_.write(page.page, kind, std::as_bytes(std::span(page.bytes)));
    page.page = kNoPage;
}

void PostingsWriter::write_block() {
    block_bytes_.clear();
    encode_block(documents_, weights_, held_, block_bytes_);
    if (postings_page_.page == kNoPage) {
        open(postings_page_, next_page_++);
    } else if (postings_page_.bytes.size() + block_bytes_.size() > to_.payload_bytes()) {
        const PageNumber next = next_page_++;
        close(postings_page_, PageKind::kPostings, next);
        open(postings_page_, next);
    }
    // Products of the same two numbers are the same on every machine; what rounding may take away
    // from the quotient that they stand for is given back by the slack.
    const double slack = inverses_.empty() ? 0 : kSlackOfProducts;
    double most = 0;
    double least = 0;
    for (std::uint32_t i = 0; i < held_; ++i) {
        const double contribution =
            inverses_.empty() ? weights_[i] : weights_[i] * inverses_[documents_[i]];
        most = std::max(most, contribution);
        least = std::min(least, contribution);
        if (contribution > enters_) {
            largest_.push_back(rounded_down(contribution * (1 - slack)));
        }
    }
    negative_ |= least < 0;
    if (largest_.size() > kLargestHeld - kBlockPostings) {
        std::nth_element(largest_.begin(), largest_.begin() + kRanks.back() - 1, largest_.end(),
                         std::greater<>());
        largest_.resize(kRanks.back());
        enters_ = largest_.back();
    }
    skips_.last.push_back(documents_[held_ - 1]);
    skips_.page.push_back(postings_page_.page);
    skips_.offset.push_back(static_cast<std::uint16_t>(postings_page_.bytes.size()));
    skips_.most.push_back(rounded_up(most * (1 + slack)));
    skips_.least.push_back(rounded_down(least * (1 + slack)));
    postings_page_.bytes.insert(postings_page_.bytes.end(), block_bytes_.begin(),
                                block_bytes_.end());
    written_ += held_;
    held_ = 0;
}

TermEntry PostingsWriter::end_list() {
    TermEntry entry;
    if (written_ == 0 && held_ == 0) {
        return entry;
    }
    if (written_ == 0 && held_ == 1) {
        // The posting stands in the dictionary itself.
        const double contribution =
            weights_[0] * (inverses_.empty() ? 1 : inverses_[documents_[0]]);
        entry.documents = 1;
        entry.document = documents_[0];
        entry.weight = weights_[0];
        entry.negative = weights_[0] < 0;
        if (entry.negative) {
            entry.least = rounded_down(contribution * (1 + kSlackOfProducts));
        } else {
            entry.most = rounded_up(contribution * (1 + kSlackOfProducts));
        }
        held_ = 0;
        ++postings_;
        return entry;
    }
    if (held_ > 0) {
        write_block();
    }
    entry.documents = static_cast<std::uint32_t>(written_);
    entry.negative = negative_;
    entry.most = *std::max_element(skips_.most.begin(), skips_.most.end());
    entry.least = *std::min_element(skips_.least.begin(), skips_.least.end());
    entry.page = skips_.page[0];
    entry.offset = skips_.offset[0];
    if (skips_.size() > 1) {
        write_skips(entry);
        std::sort(largest_.begin(), largest_.end(), std::greater<>());
        for (std::size_t i = 0; i < kRanks.size(); ++i) {
            // Contributions of 0 or less were never among the largest.
            entry.ranked[i] = kRanks[i] <= largest_.size() ? largest_[kRanks[i] - 1] : 0;
        }
    }
    postings_ += written_;
    written_ = 0;
    negative_ = false;
    skips_.clear();
    largest_.clear();
    enters_ = 0;
    return entry;
}

void PostingsWriter::write_skips(TermEntry& entry) {
    const std::size_t each = kSkipBytes + (negative_ ? kLeastBytes : 0);
    for (std::size_t first = 0; first < skips_.size();) {
        if (skips_page_.page == kNoPage) {
            open(skips_page_, next_page_++);
        }
        const std::size_t room = to_.payload_bytes() - skips_page_.bytes.size();
        if (room < sizeof(std::uint16_t) + each) {
            const PageNumber next = next_page_++;
            close(skips_page_, PageKind::kSkips, next);
            open(skips_page_, next);
            continue;
        }
        const std::size_t count =
            std::min(skips_.size() - first, (room - sizeof(std::uint16_t)) / each);
        std::vector<std::uint8_t>& bytes = skips_page_.bytes;
        if (first == 0) {
            entry.skip_page = skips_page_.page;
            entry.skip_offset = static_cast<std::uint16_t>(bytes.size());
        }
        put(bytes, static_cast<std::uint16_t>(count));
        put_all(bytes, skips_.last, first, count);
        put_all(bytes, skips_.page, first, count);
        put_all(bytes, skips_.most, first, count);
        if (negative_) {
            put_all(bytes, skips_.least, first, count);
        }
        put_all(bytes, skips_.offset, first, count);
        first += count;
    }
}

void PostingsWriter::finish() {
    if (postings_page_.page != kNoPage) {
        close(postings_page_, PageKind::kPostings, kNoPage);
    }
    if (skips_page_.page != kNoPage) {
        close(skips_page_, PageKind::kSkips, kNoPage);
    }
}

PostingsReader::PostingsReader(const Segment& segment)
    : segment_(segment), bytes_(segment.root().payload_bytes + kSlack) {}

void PostingsReader::start(const TermEntry& entry) {
    place_ = {entry.page, entry.offset, entry.documents};
}

void PostingsReader::fetch(PageNumber page) {
    fetched_ = kNoPage;
    segment_.reader().read(page, 0, segment_.root().payload_bytes, bytes_.data());
    const PageHead head = load<PageHead>(bytes_.data());
    if (head.kind != static_cast<std::uint8_t>(PageKind::kPostings) ||
        head.count > segment_.root().payload_bytes || head.count <= kPageHeadBytes) {
        bad("are on a page that has none.");
    }
    end_ = head.count;
    fetched_ = page;
}

bool PostingsReader::next(Block& block) {
    if (place_.left == 0) {
        return false;
    }
    if (fetched_ != place_.page) {
        fetch(place_.page);
    }
    if (place_.offset >= end_) {
        place_.page = load<PageHead>(bytes_.data()).next;
        place_.offset = kPageHeadBytes;
        fetch(place_.page);
    }
    if (place_.offset < kPageHeadBytes) {
        bad("begin in the head of a page.");
    }
    const std::size_t bytes = decode_block(bytes_.data() + place_.offset, end_ - place_.offset,
                                           segment_.root().documents, block);
    if (block.count != std::min(place_.left, kBlockPostings)) {
        bad("are in blocks of the wrong length.");
    }
    place_.offset += static_cast<std::uint32_t>(bytes);
    place_.left -= block.count;
    return true;
}

void read_skips(const Segment& segment, const TermEntry& entry, std::vector<std::uint8_t>& buffer,
                Skips& skips) {
    const std::size_t payload = segment.root().payload_bytes;
    const std::size_t each = kSkipBytes + (entry.negative ? kLeastBytes : 0);
    const std::size_t blocks = entry.blocks();
    buffer.resize(payload + kSlack);
    skips.clear();
    PageNumber page = entry.skip_page;
    std::size_t offset = entry.skip_offset;
    while (skips.size() < blocks) {
        segment.reader().read(page, 0, payload, buffer.data());
        const PageHead head = load<PageHead>(buffer.data());
        if (head.kind != static_cast<std::uint8_t>(PageKind::kSkips) || head.count > payload ||
            offset < kPageHeadBytes || offset + sizeof(std::uint16_t) > head.count) {
            bad("have skips on a page that has none.");
        }
        const std::size_t count = load<std::uint16_t>(buffer.data() + offset);
        offset += sizeof(std::uint16_t);
        if (count == 0 || count * each > head.count - offset || count > blocks - skips.size()) {
            bad("have an impossible number of skips.");
        }
        const std::uint8_t* at = buffer.data() + offset;
        at = take_all(at, skips.last, count);
        at = take_all(at, skips.page, count);
        at = take_all(at, skips.most, count);
        if (entry.negative) {
            at = take_all(at, skips.least, count);
        }
        take_all(at, skips.offset, count);
        page = head.next;
        offset = kPageHeadBytes;
    }
    for (std::size_t i = 1; i < blocks; ++i) {
        if (skips.last[i] <= skips.last[i - 1]) {
            bad("have skips that do not ascend.");
        }
    }
    if (skips.last[blocks - 1] >= segment.root().documents) {
        bad("have skips to a document that does not exist.");
    }
}

}  // namespace knowhow::search
