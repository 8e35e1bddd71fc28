#include "engine/search/dictionary.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace knowhow::search {
namespace {

[[noreturn]] void bad(const char* what) {
    corrupted(std::string("Its dictionary ") + what);
}

// Bytes of a node with this much in it.
std::size_t node_bytes(std::size_t entries, std::size_t bytes) {
    return kPageHeadBytes + entries * sizeof(std::uint16_t) + bytes;
}

// The shortest string that is greater than `before` and not greater than `term`.
std::string_view separator(std::string_view before, std::string_view term) {
    const auto [end, other] = std::mismatch(term.begin(), term.end(), before.begin(), before.end());
    const std::size_t common = static_cast<std::size_t>(end - term.begin());
    return term.substr(0, std::min(common + 1, term.size()));
}

}  // namespace

void DictionaryWriter::add(std::string_view term, const TermEntry& entry) {
    value_.clear();
    put_varint(value_, std::uint64_t{entry.documents} * 2 + entry.negative);
    if (entry.documents == 1) {
        put(value_, entry.document);
        put(value_, entry.weight);
        put(value_, entry.negative ? entry.least : entry.most);
    } else {
        put(value_, entry.page);
        put(value_, entry.offset);
        put(value_, entry.most);
        if (entry.negative) {
            put(value_, entry.least);
        }
        if (entry.documents > kBlockPostings) {
            put(value_, entry.skip_page);
            put(value_, entry.skip_offset);
            for (std::size_t i = 0; i < kRanks.size(); ++i) {
                if (kRanks[i] <= entry.documents) {
                    put(value_, entry.ranked[i]);
                }
            }
        }
    }
    add_entry(0, term, value_);
    last_term_.assign(term);
    ++terms_;
}

void DictionaryWriter::add_entry(std::size_t level, std::string_view key,
                                 const std::vector<std::uint8_t>& value) {
    if (level == levels_.size()) {
        levels_.push_back({next_page_++, {}, {}});
        first_.emplace_back();
        if (level == 0) {
            first_leaf_ = levels_[0].page;
        }
    }
    const std::size_t length_bytes = key.size() < 0x80 ? 1 : 2;
    const std::size_t bytes = length_bytes + key.size() + value.size();
    const Node& open = levels_[level];
    if (!open.places.empty() &&
        node_bytes(open.places.size() + 1, open.entries.size() + bytes) > to_.payload_bytes()) {
        // The finished node's parent learns of it now, by the string that separates it from what
        // was before: none for the first of its level.
        const PageNumber next = next_page_++;
        std::vector<std::uint8_t> child;
        put(child, open.page);
        const std::string first = std::exchange(
            first_[level], std::string(level == 0 ? separator(last_term_, key) : key));
        write(level, level == 0 ? next : kNoPage);
        levels_[level] = {next, {}, {}};
        add_entry(level + 1, first, child);
        if (level > 0) {
            key = {};  // the first child of a node takes everything that is less than the second
        }
    }
    Node& node = levels_[level];
    node.places.push_back(static_cast<std::uint16_t>(node.entries.size()));
    put_varint(node.entries, key.size());
    put_bytes(node.entries, key);
    node.entries.insert(node.entries.end(), value.begin(), value.end());
}

void DictionaryWriter::write(std::size_t level, PageNumber next) {
    const Node& node = levels_[level];
    const PageHead head = {
        static_cast<std::uint8_t>(level == 0 ? PageKind::kTerms : PageKind::kInner),
        static_cast<std::uint8_t>(level), static_cast<std::uint16_t>(node.places.size()), next};
    std::vector<std::uint8_t> payload;
    payload.reserve(to_.payload_bytes());
    put(payload, head);
    const std::size_t base = node_bytes(node.places.size(), 0);
    for (const std::uint16_t place : node.places) {
        put(payload, static_cast<std::uint16_t>(base + place));
    }
    payload.insert(payload.end(), node.entries.begin(), node.entries.end());
    to_.write(node.page, static_cast<PageKind>(head.kind), std::as_bytes(std::span(payload)));
}

void DictionaryWriter::finish() {
    for (std::size_t level = 0; level < levels_.size(); ++level) {
        write(level, kNoPage);
        root_ = levels_[level].page;
        if (level + 1 < levels_.size()) {
            std::vector<std::uint8_t> child;
            put(child, root_);
            const std::string first = std::exchange(first_[level], {});
            add_entry(level + 1, first, child);
        }
    }
}

void Node::read(PageReader& reader, PageNumber page, unsigned level) {
    payload_ = reader.payload_bytes();
    bytes_.resize(payload_ + kSlack);
    reader.read(page, 0, payload_, bytes_.data());
    head_ = load<PageHead>(bytes_.data());
    const PageKind kind = level == 0 ? PageKind::kTerms : PageKind::kInner;
    if (head_.kind != static_cast<std::uint8_t>(kind) || head_.level != level) {
        bad("has a node that is none, or of another level.");
    }
    if (head_.count == 0 || node_bytes(head_.count, 0) > payload_) {
        bad("has a node with an impossible number of entries.");
    }
}

std::string_view Node::term(std::uint32_t i, ByteReader& value) const {
    const std::uint16_t place =
        load<std::uint16_t>(bytes_.data() + kPageHeadBytes + i * sizeof(std::uint16_t));
    if (place >= payload_) {
        bad("has an entry outside its page.");
    }
    value = ByteReader(bytes_.data() + place, bytes_.data() + payload_);
    const std::uint64_t length = value.varint();
    if (length > kMaxLexemeBytes) {
        bad("has a term that is too long.");
    }
    return value.bytes(length);
}

std::uint32_t Node::upper_bound(std::string_view term) const {
    std::uint32_t low = 0;
    std::uint32_t high = count();
    ByteReader ignored(nullptr, nullptr);
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        if (compare_terms(this->term(middle, ignored), term) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

TermEntry read_term_entry(ByteReader& value, const SegmentRoot& root) {
    TermEntry entry;
    const std::uint64_t head = value.varint();
    const std::uint64_t documents = head / 2;
    if (documents == 0 || documents > root.documents) {
        bad("has a term in an impossible number of documents.");
    }
    entry.documents = static_cast<std::uint32_t>(documents);
    entry.negative = head % 2 != 0;
    if (entry.documents == 1) {
        entry.document = value.take<std::uint32_t>();
        entry.weight = value.take<float>();
        entry.most = value.take<float>();
        if (entry.negative) {
            entry.least = std::exchange(entry.most, 0);
        }
        if (entry.document >= root.documents || !std::isfinite(entry.weight)) {
            bad("has an impossible posting.");
        }
    } else {
        entry.page = value.take<PageNumber>();
        entry.offset = value.take<std::uint16_t>();
        entry.most = value.take<float>();
        if (entry.negative) {
            entry.least = value.take<float>();
        }
        if (entry.documents > kBlockPostings) {
            entry.skip_page = value.take<PageNumber>();
            entry.skip_offset = value.take<std::uint16_t>();
            for (std::size_t i = 0; i < kRanks.size(); ++i) {
                if (kRanks[i] <= entry.documents) {
                    entry.ranked[i] = value.take<float>();
                }
            }
        }
    }
    if (!std::isfinite(entry.most) || !std::isfinite(entry.least)) {
        bad("has a bound that is no number.");
    }
    return entry;
}

Dictionary::Dictionary(const Segment& segment)
    : segment_(segment), path_(segment.root().dictionary_levels) {}

std::optional<TermEntry> Dictionary::find(std::string_view term) {
    PageNumber page = segment_.root().dictionary;
    ByteReader value(nullptr, nullptr);
    for (std::size_t level = path_.size(); level-- > 0;) {
        Cached& cached = path_[level];
        if (cached.page != page) {
            cached.page = kNoPage;  // in case reading fails
            cached.node.read(segment_.reader(), page, static_cast<unsigned>(level));
            cached.page = page;
        }
        const std::uint32_t after = cached.node.upper_bound(term);
        if (after == 0) {
            return std::nullopt;
        }
        const std::string_view found = cached.node.term(after - 1, value);
        if (level > 0) {
            page = value.take<PageNumber>();
        } else if (found == term) {
            return read_term_entry(value, segment_.root());
        }
    }
    return std::nullopt;
}

}  // namespace knowhow::search
