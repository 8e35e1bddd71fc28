#include "engine/search/ledger.hpp"

#include <algorithm>

namespace knowhow::search {
namespace {

constexpr unsigned kComparisonsPerPoll = 1U << 16;

}  // namespace

void Ledger::add(Tid tid, bool null, std::uint64_t fingerprint) {
    entries_.push_back({null ? tid | kNull : tid, null ? 0 : fingerprint});
}

void Ledger::sort(Monitor& monitor) {
    PollEvery poll(monitor, kComparisonsPerPoll);
    std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
        poll.step();
        return tid(a) < tid(b);
    });
}

std::size_t Ledger::first(Tid tid) const noexcept {
    const auto at = std::partition_point(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return Ledger::tid(entry) < tid;
    });
    return static_cast<std::size_t>(at - entries_.begin());
}

Ledger::Found Ledger::find(Tid tid, bool null, std::uint64_t fingerprint) const noexcept {
    const Entry wanted = {null ? tid | kNull : tid, null ? 0 : fingerprint};
    Found found = Found::kNot;
    for (std::size_t i = first(tid); i < entries_.size() && Ledger::tid(entries_[i]) == tid; ++i) {
        if (entries_[i].key == wanted.key && entries_[i].fingerprint == wanted.fingerprint) {
            return Found::kSame;
        }
        found = Found::kOther;
    }
    return found;
}

bool Ledger::is_repeated(Tid tid) const noexcept {
    const std::size_t at = first(tid);
    return at + 1 < entries_.size() && Ledger::tid(entries_[at]) == tid &&
           Ledger::tid(entries_[at + 1]) == tid;
}

std::vector<Tid> Ledger::repeated(std::size_t most) const {
    std::vector<Tid> tids;
    for (std::size_t i = 1; i < entries_.size() && tids.size() < most; ++i) {
        const Tid present = tid(entries_[i]);
        if (present == tid(entries_[i - 1]) && (tids.empty() || tids.back() != present)) {
            tids.push_back(present);
        }
    }
    return tids;
}

std::vector<Tid> Ledger::beyond(std::uint32_t block, std::size_t most) const {
    std::vector<Tid> tids;
    for (std::size_t i = entries_.size();
         i > 0 && tid_block(tid(entries_[i - 1])) >= block && tids.size() < most; --i) {
        tids.push_back(tid(entries_[i - 1]));
    }
    return tids;
}

}  // namespace knowhow::search
