#include "engine/sparse/accumulator.hpp"

#include <algorithm>
#include <functional>
#include <string>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

// Small, because an aggregate may keep one accumulator for each of very many groups.
constexpr std::size_t kFirstArenaBytes = 256;
constexpr std::size_t kFirstSlots = 16;
constexpr unsigned kComparisonsPerPoll = 1U << 16;

[[noreturn]] void too_large(const char* what, std::size_t maximum) {
    throw Error(
        ErrorCode::kLimitExceeded,
        std::string("more than ") + std::to_string(maximum) + " " + what + " in one tfidf value",
        "Split the document, or use a text search configuration with fewer lexemes.");
}

}  // namespace

TermAccumulator::TermAccumulator(std::pmr::memory_resource* memory)
    : arena_(kFirstArenaBytes, memory), entries_(memory), slots_(memory) {}

void TermAccumulator::add(std::string_view term, double weight) {
    // At most half of the slots are taken, so that probing ends soon.
    if (2 * (entries_.size() + 1) > slots_.size()) {
        grow();
    }
    const std::uint32_t hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(term));
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash & mask;
    for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
        Entry& entry = entries_[slots_[slot] - 1];
        if (entry.hash == hash && std::string_view(entry.bytes, entry.length) == term) {
            entry.weight += weight;
            return;
        }
    }
    if (entries_.size() == kMaxTerms) {
        too_large("terms", kMaxTerms);
    }
    if (term.size() > kMaxLexemesBytes - lexemes_bytes_) {
        too_large("bytes of lexemes", kMaxLexemesBytes);
    }
    char* bytes = static_cast<char*>(arena_.allocate(term.size(), 1));
    std::copy(term.begin(), term.end(), bytes);
    entries_.push_back({bytes, static_cast<std::uint32_t>(term.size()), hash, weight});
    slots_[slot] = static_cast<std::uint32_t>(entries_.size());
    lexemes_bytes_ += term.size();
}

void TermAccumulator::add_vector(VectorView vector, double factor) {
    for (std::uint32_t i = 0; i < vector.size(); ++i) {
        add(vector.term(i), vector.weight(i) * factor);
    }
}

void TermAccumulator::grow() {
    const std::size_t size = std::max(kFirstSlots, slots_.size() * 2);
    std::pmr::vector<std::uint32_t> slots(size, 0, slots_.get_allocator());
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        std::size_t slot = entries_[i].hash & (size - 1);
        while (slots[slot] != 0) {
            slot = (slot + 1) & (size - 1);
        }
        slots[slot] = static_cast<std::uint32_t>(i + 1);
    }
    slots_.swap(slots);
}

std::vector<TermWeight> TermAccumulator::sorted() const {
    Monitor none;
    return sorted(none);
}

std::vector<TermWeight> TermAccumulator::sorted(Monitor& monitor) const {
    std::vector<TermWeight> terms;
    terms.reserve(entries_.size());
    for_each([&](std::string_view term, double sum) { terms.push_back({term, sum}); });
    PollEvery poll(monitor, kComparisonsPerPoll);
    std::sort(terms.begin(), terms.end(), [&](const TermWeight& a, const TermWeight& b) {
        poll.step();
        return compare_terms(a.term, b.term) < 0;
    });
    return terms;
}

}  // namespace knowhow
