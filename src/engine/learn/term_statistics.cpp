#include "engine/learn/term_statistics.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

constexpr unsigned kPollSteps = 65536;
constexpr std::size_t kFirstSlots = 1024;

}  // namespace

TermStatistics::TermStatistics(MemoryBudget& budget, Monitor& monitor)
    : budget_(budget),
      monitor_(monitor),
      poll_(monitor, kPollSteps),
      arena_(&budget),
      entries_(&budget),
      slots_(kFirstSlots, 0U, &budget) {}

void TermStatistics::add(const VectorView& document) {
    ++documents_;
    const std::uint32_t size = document.size();
    for (std::uint32_t i = 0; i < size; ++i) {
        count(document.term(i));
    }
    poll_.step();
}

void TermStatistics::add(std::span<const std::string_view> terms) {
    ++documents_;
    for (const std::string_view term : terms) {
        count(term);
    }
    poll_.step();
}

void TermStatistics::count(std::string_view term) {
    poll_.step();
    const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(term));
    std::size_t slot = hash & (slots_.size() - 1);
    while (slots_[slot] != 0) {
        Entry& entry = entries_[slots_[slot] - 1];
        if (entry.hash == hash && std::string_view(entry.bytes, entry.length) == term) {
            ++entry.documents;
            return;
        }
        slot = (slot + 1) & (slots_.size() - 1);
    }
    if (entries_.size() >= std::numeric_limits<std::uint32_t>::max() - 1 ||
        term.size() > std::numeric_limits<std::uint32_t>::max()) {
        throw Error(ErrorCode::kLimitExceeded, "more than 4294967294 distinct terms");
    }
    auto* bytes = static_cast<char*>(arena_.allocate(std::max<std::size_t>(term.size(), 1), 1));
    std::copy(term.begin(), term.end(), bytes);
    entries_.push_back({bytes, static_cast<std::uint32_t>(term.size()), hash, 1});
    slots_[slot] = static_cast<std::uint32_t>(entries_.size());
    if (entries_.size() > slots_.size() / 2) {
        grow();
    }
}

void TermStatistics::grow() {
    const std::size_t size = slots_.size() * 2;
    std::pmr::vector<std::uint32_t>(&budget_).swap(slots_);  // first, so that both need no room
    slots_.assign(size, 0U);
    for (std::size_t index = 0; index < entries_.size(); ++index) {
        std::size_t slot = entries_[index].hash & (size - 1);
        while (slots_[slot] != 0) {
            slot = (slot + 1) & (size - 1);
        }
        slots_[slot] = static_cast<std::uint32_t>(index + 1);
        poll_.step();
    }
}

std::pmr::vector<TermCount> TermStatistics::sorted() const {
    std::pmr::vector<TermCount> result(&budget_);
    result.reserve(entries_.size());
    for (const Entry& entry : entries_) {
        result.push_back({{entry.bytes, entry.length}, entry.documents});
    }
    PollEvery poll(monitor_, kPollSteps);
    std::sort(result.begin(), result.end(), [&](const TermCount& a, const TermCount& b) {
        poll.step();
        return a.term < b.term;
    });
    return result;
}

}  // namespace knowhow
