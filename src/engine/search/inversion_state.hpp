// What an inversion holds.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "engine/search/arena.hpp"
#include "engine/search/inversion.hpp"
#include "engine/search/source.hpp"

namespace knowhow::search {

struct Inversion::State {
    using Posting = MergeSource::Posting;

    // Postings of a term, in the order of arrival, in chunks that double: a term that occurs once
    // takes little, one that occurs often is read from long stretches.
    struct Chunk {
        Chunk* next;
        std::uint32_t used;
        std::uint32_t size;
        Posting* postings() noexcept { return reinterpret_cast<Posting*>(this + 1); }
    };
    struct Term {
        const char* bytes;
        std::uint64_t prefix;  // VectorView::prefix_of()
        Chunk* first;
        Chunk* last;
        std::uint32_t length;
        std::uint32_t hash;
        std::uint32_t count;  // of postings
    };

    explicit State(std::pmr::memory_resource* memory)
        : arena(memory),
          terms(memory),
          slots(memory),
          documents(memory),
          nulls(memory),
          order(memory),
          ranks(memory) {}

    std::string_view term(std::uint32_t i) const noexcept {
        return {terms[i].bytes, terms[i].length};
    }

    Term& find(std::uint64_t prefix, std::string_view term);
    void grow_slots();
    void append(Term& term, const Posting& posting);

    // Brings rows and terms into order; more rows may be added afterwards.
    void sort(Monitor& monitor);

    // All postings of a term by ascending rank of their documents, which replaces the document.
    void gather(const Term& term, std::vector<Posting>& to);

    Arena arena;
    std::pmr::vector<Term> terms;
    std::pmr::vector<std::uint32_t> slots;  // index into terms plus one; 0 is free

    std::pmr::vector<MergeSource::SourceRow> documents;  // sorted: by TID; before: as they came
    std::pmr::vector<MergeSource::SourceRow> nulls;
    std::pmr::vector<std::uint32_t> order;  // of terms by their bytes
    std::pmr::vector<std::uint32_t> ranks;  // by document as it came; empty: as they came
    std::uint64_t postings = 0;
    bool ascending = true;
    bool sorted = false;
};

}  // namespace knowhow::search
