// What a merge reads: rows first, then the terms with their postings, each once and in order.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/search/merge.hpp"

namespace knowhow::search {

class MergeSource {
  public:
    // A row, by the number that the source gives it: its place among the source's rows.
    struct SourceRow {
        Tid tid;
        double squared_norm;  // of a document
        bool deleted;
    };
    struct Posting {
        std::uint32_t document;  // the source's number
        float weight;
    };

    virtual ~MergeSource() = default;

    // Before anything else, once. Rows are all of them; live ones are what is not deleted.
    virtual SegmentCounts counts() = 0;
    virtual std::uint32_t live_documents() = 0;
    virtual std::uint32_t live_nulls() = 0;

    // The next rows, as many as are at hand: first all documents by ascending TID, then, from the
    // call after the last document on, all NULL rows by theirs. Empty after the last.
    virtual std::span<const SourceRow> next_rows() = 0;

    // Goes to the next term; false at the end. The term is valid until the next call.
    virtual bool next_term() = 0;
    virtual std::string_view term() const = 0;

    // The next postings of the term, by ascending document, as many as are at hand; empty after
    // the last. All must have been taken before next_term() is called again.
    virtual std::span<const Posting> next_postings() = 0;
};

}  // namespace knowhow::search
