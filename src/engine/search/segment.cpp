#include "engine/search/segment.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/search/bytes.hpp"
#include "engine/search/segment_format.hpp"

namespace knowhow::search {
namespace {

constexpr std::uint32_t kRowsAtATime = 1024;

[[noreturn]] void bad(const char* what) {
    corrupted(std::string("Its root ") + what);
}

}  // namespace

Segment::Segment(PageReader& reader) : reader_(&reader) {
    reader.read(0, 0, sizeof root_, &root_);
    if (root_.magic != kSegmentMagic) {
        bad("is not there.");
    }
    if (root_.version != kSegmentVersion) {
        throw Error(ErrorCode::kDataCorrupted,
                    "a segment of a tfidf index has format version " +
                        std::to_string(root_.version) + ", this library reads version " +
                        std::to_string(kSegmentVersion),
                    "Make the index anew with REINDEX.");
    }
    if (root_.payload_bytes != reader.payload_bytes()) {
        bad("names another size of pages.");
    }
    const bool cosine = root_.measure == static_cast<std::uint8_t>(Measure::kCosine);
    if (!cosine && root_.measure != static_cast<std::uint8_t>(Measure::kInnerProduct)) {
        bad("names a measure that does not exist.");
    }
    if (root_.documents > kMaxRows || root_.nulls > kMaxRows - root_.documents) {
        bad("names too many rows.");
    }
    const auto lies_within = [&](PageNumber first, std::uint64_t pages) {
        return pages == 0 || (first < root_.pages && pages <= root_.pages - first);
    };
    const std::size_t payload = root_.payload_bytes;
    if (!lies_within(root_.tids, array_pages(rows(), kTidBytes, payload)) ||
        !lies_within(root_.deleted, array_pages((rows() + 7) / 8, 1, payload)) ||
        (cosine &&
         (!lies_within(root_.norms, array_pages(root_.documents, kNormBytes, payload)) ||
          !lies_within(root_.inverses, array_pages(root_.documents, kInverseBytes, payload))))) {
        bad("names pages that it does not have.");
    }
    // Each level has two nodes at least but the topmost, so this many levels number all pages.
    if (root_.dictionary_levels > 33 || (root_.dictionary_levels == 0) != (root_.terms == 0)) {
        bad("names an impossible dictionary.");
    }
}

void Segment::read_array(PageNumber first_page, std::size_t item, std::uint64_t first,
                         std::uint64_t count, void* to) const {
    const std::size_t per_page = root_.payload_bytes / item;
    char* at = static_cast<char*>(to);
    while (count > 0) {
        const std::size_t place = first % per_page;
        const std::size_t here = std::min<std::uint64_t>(count, per_page - place);
        reader_->read(first_page + static_cast<PageNumber>(first / per_page), place * item,
                      here * item, at);
        at += here * item;
        first += here;
        count -= here;
    }
}

void Segment::read_tids(std::uint32_t first, std::span<Tid> tids) const {
    std::uint8_t bytes[kRowsAtATime * kTidBytes];
    for (std::size_t done = 0; done < tids.size();) {
        const std::size_t count = std::min<std::size_t>(kRowsAtATime, tids.size() - done);
        read_array(root_.tids, kTidBytes, first + done, count, bytes);
        for (std::size_t i = 0; i < count; ++i) {
            tids[done + i] = load_tid(bytes + i * kTidBytes);
        }
        done += count;
    }
}

void Segment::read_deleted(std::uint32_t first, std::span<std::uint8_t> deleted) const {
    std::uint8_t bytes[kRowsAtATime];
    constexpr std::size_t kAtATime = 8 * (sizeof bytes - 1);
    for (std::size_t done = 0; done < deleted.size();) {
        const std::size_t count = std::min(kAtATime, deleted.size() - done);
        const std::uint64_t row = first + done;
        read_array(root_.deleted, 1, row / 8, (row + count + 7) / 8 - row / 8, bytes);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t bit = row % 8 + i;
            deleted[done + i] = bytes[bit / 8] >> bit % 8 & 1;
        }
        done += count;
    }
}

Segment::BitPlace Segment::deleted_bit(std::uint32_t row) const {
    const std::uint32_t byte = row / 8;
    return {root_.deleted + byte / root_.payload_bytes, byte % root_.payload_bytes,
            static_cast<std::uint8_t>(1U << row % 8)};
}

}  // namespace knowhow::search
