#include "engine/search/inversion.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <string>

#include "engine/base/error.hpp"
#include "engine/search/inversion_state.hpp"

namespace knowhow::search {
namespace {

constexpr std::uint32_t kFirstChunk = 2;
constexpr std::uint32_t kMostChunk = 512;
constexpr unsigned kComparisonsPerPoll = 1U << 16;

std::uint32_t hash_of(std::uint64_t prefix, std::string_view term) noexcept {
    constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15U;
    std::uint64_t hash = (prefix ^ term.size()) * kFactor;
    for (std::size_t at = 8; at < term.size(); at += 8) {
        hash = (std::rotl(hash, 29) ^ VectorView::prefix_of(term.substr(at))) * kFactor;
    }
    return static_cast<std::uint32_t>(hash >> 32);
}

bool by_tid(const MergeSource::SourceRow& a, const MergeSource::SourceRow& b) {
    return a.tid < b.tid;
}

class InversionSource final : public MergeSource {
  public:
    explicit InversionSource(Inversion& inversion) : state_(inversion.state()) {}

    SegmentCounts counts() override {
        Monitor none;
        state_.sort(none);
        SegmentCounts counts;
        counts.documents = static_cast<std::uint32_t>(state_.documents.size());
        counts.nulls = static_cast<std::uint32_t>(state_.nulls.size());
        counts.terms = state_.terms.size();
        counts.postings = state_.postings;
        return counts;
    }
    std::uint32_t live_documents() override {
        return static_cast<std::uint32_t>(state_.documents.size());
    }
    std::uint32_t live_nulls() override { return static_cast<std::uint32_t>(state_.nulls.size()); }

    std::span<const SourceRow> next_rows() override {
        while (parts_ < 2) {
            const auto& part = parts_++ == 0 ? state_.documents : state_.nulls;
            if (!part.empty()) {
                return part;
            }
        }
        return {};
    }

    bool next_term() override {
        given_ = false;
        return ++at_ <= state_.order.size();
    }
    std::string_view term() const override { return state_.term(state_.order[at_ - 1]); }

    std::span<const Posting> next_postings() override {
        if (given_) {
            return {};
        }
        given_ = true;
        state_.gather(state_.terms[state_.order[at_ - 1]], postings_);
        return postings_;
    }

  private:
    Inversion::State& state_;
    int parts_ = 0;
    std::size_t at_ = 0;
    bool given_ = false;
    std::vector<Posting> postings_;
};

}  // namespace

Inversion::State::Term& Inversion::State::find(std::uint64_t prefix, std::string_view term) {
    if (2 * (terms.size() + 1) > slots.size()) {
        grow_slots();
    }
    const std::uint32_t hash = hash_of(prefix, term);
    const std::size_t mask = slots.size() - 1;
    std::size_t slot = hash & mask;
    for (; slots[slot] != 0; slot = (slot + 1) & mask) {
        Term& found = terms[slots[slot] - 1];
        if (found.hash == hash && found.prefix == prefix && found.length == term.size() &&
            (term.size() <= 8 || std::memcmp(found.bytes, term.data(), term.size()) == 0)) {
            return found;
        }
    }
    char* bytes = static_cast<char*>(arena.allocate(term.size(), 1));
    std::memcpy(bytes, term.data(), term.size());
    terms.push_back(
        {bytes, prefix, nullptr, nullptr, static_cast<std::uint32_t>(term.size()), hash, 0});
    slots[slot] = static_cast<std::uint32_t>(terms.size());
    return terms.back();
}

void Inversion::State::grow_slots() {
    const std::size_t size = std::max<std::size_t>(64, slots.size() * 2);
    std::pmr::vector<std::uint32_t> larger(size, 0, slots.get_allocator());
    for (std::size_t i = 0; i < terms.size(); ++i) {
        std::size_t slot = terms[i].hash & (size - 1);
        while (larger[slot] != 0) {
            slot = (slot + 1) & (size - 1);
        }
        larger[slot] = static_cast<std::uint32_t>(i + 1);
    }
    slots.swap(larger);
}

void Inversion::State::append(Term& term, const Posting& posting) {
    if (term.last == nullptr || term.last->used == term.last->size) {
        const std::uint32_t size = std::clamp(term.count, kFirstChunk, kMostChunk);
        void* memory = arena.allocate(sizeof(Chunk) + size * sizeof(Posting), alignof(Chunk));
        Chunk* chunk = new (memory) Chunk{nullptr, 0, size};
        (term.last == nullptr ? term.first : term.last->next) = chunk;
        term.last = chunk;
    }
    term.last->postings()[term.last->used++] = posting;
    ++term.count;
}

void Inversion::State::sort(Monitor& monitor) {
    if (sorted) {
        return;
    }
    PollEvery poll(monitor, kComparisonsPerPoll);
    if (!ascending) {
        std::sort(nulls.begin(), nulls.end(), by_tid);
        std::pmr::vector<std::uint32_t> arrival(documents.size(), ranks.get_allocator());
        std::iota(arrival.begin(), arrival.end(), 0U);
        std::sort(arrival.begin(), arrival.end(), [&](std::uint32_t a, std::uint32_t b) {
            poll.step();
            return documents[a].tid < documents[b].tid;
        });
        ranks.resize(documents.size());
        for (std::size_t i = 0; i < arrival.size(); ++i) {
            ranks[arrival[i]] = static_cast<std::uint32_t>(i);
        }
        std::sort(documents.begin(), documents.end(), by_tid);
    }
    order.resize(terms.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        poll.step();
        return terms[a].prefix != terms[b].prefix ? terms[a].prefix < terms[b].prefix
                                                  : compare_terms(term(a), term(b)) < 0;
    });
    sorted = true;
}

void Inversion::State::gather(const Term& term, std::vector<Posting>& to) {
    to.resize(term.count);
    Posting* at = to.data();
    for (Chunk* chunk = term.first; chunk != nullptr; chunk = chunk->next) {
        at = std::copy_n(chunk->postings(), chunk->used, at);
    }
    if (!ranks.empty()) {
        for (Posting& posting : to) {
            posting.document = ranks[posting.document];
        }
        std::sort(to.begin(), to.end(),
                  [](const Posting& a, const Posting& b) { return a.document < b.document; });
    }
}

Inversion::Inversion(std::pmr::memory_resource* memory) : state_(std::make_unique<State>(memory)) {}

Inversion::~Inversion() = default;

void Inversion::add(const Row& row) {
    State& state = *state_;
    if (state.sorted) {
        throw std::logic_error("an inversion took a row after it was put in order");
    }
    if (rows() == kMaxRows) {
        throw Error(
            ErrorCode::kLimitExceeded,
            "a tfidf index cannot take more than " + std::to_string(kMaxRows) + " rows at once",
            "Partition the table.");
    }
    auto& part = row.null ? state.nulls : state.documents;
    state.ascending &= part.empty() || part.back().tid < row.tid;
    if (row.null) {
        part.push_back({row.tid, 0, false});
        return;
    }
    const std::uint32_t document = static_cast<std::uint32_t>(part.size());
    part.push_back({row.tid, squared_norm(row.vector), false});
    for (std::uint32_t i = 0; i < row.vector.size(); ++i) {
        state.append(state.find(row.vector.prefix(i), row.vector.term(i)),
                     {document, row.vector.weight(i)});
    }
    state.postings += row.vector.size();
}

std::uint32_t Inversion::rows() const noexcept {
    return static_cast<std::uint32_t>(state_->documents.size() + state_->nulls.size());
}

std::size_t Inversion::bytes() const noexcept {
    const State& state = *state_;
    // What sort() will take: an order of the terms, and two of the documents if TIDs came mixed.
    const std::size_t order =
        state.terms.size() * sizeof(std::uint32_t) +
        (state.ascending ? 0 : state.documents.size() * 2 * sizeof(std::uint32_t));
    return state.arena.bytes() + state.terms.capacity() * sizeof(State::Term) +
           state.slots.capacity() * sizeof(std::uint32_t) +
           (state.documents.capacity() + state.nulls.capacity()) * sizeof(MergeSource::SourceRow) +
           order;
}

void Inversion::clear() {
    std::pmr::memory_resource* memory = state_->terms.get_allocator().resource();
    state_.reset();
    state_ = std::make_unique<State>(memory);
}

MergeSourcePointer inversion_source(Inversion& inversion) {
    return MergeSourcePointer(new InversionSource(inversion));
}

}  // namespace knowhow::search
