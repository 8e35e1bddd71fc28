// What to_tfidf() and its relatives are made of, for the other parts of the server.
#pragma once

#include "server/border/border.hpp"

#include <cstddef>
#include <span>

#include "engine/rank/weighting.hpp"
#include "engine/sparse/vector.hpp"
#include "server/catalog/model.hpp"
#include "server/text/lexemes.hpp"

namespace knowhow::server {

// A text argument: bytes in the database's encoding, or SQL NULL.
struct Text {
    const char* bytes = nullptr;
    std::size_t size = 0;

    bool null() const noexcept { return bytes == nullptr; }
};

// The lexemes of a text in the order of bytes, each with how often it occurs; palloc'd, the bytes
// included, in the context that was current.
struct CountedTerms {
    TermWeight* terms;
    std::size_t count;
    double length;  // in lexemes, those of the title `title_weight` times

    std::span<TermWeight> all() const noexcept { return {terms, count}; }
};

// Counts document and title; one that is NULL counts as empty. An extra token counts `extra_count`
// times. Engine code.
// Throws Error(kInvalidArgument) for a title_weight not in [0, ∞).
CountedTerms count_terms(Oid config, Text document, Text title, double title_weight,
                         double extra_count = kExtraCount);

// The vector of a query, with idf from the model; every term counts alike where it is NULL. A
// PostgreSQL phase. Weights 0 leave the vector.
Datum query_vector(Oid config, Text query, const Model* model, const Weighting& weighting);

// The same of terms that have been counted, which it overwrites with their weights.
Datum query_vector(const CountedTerms& counted, const Model* model, const Weighting& weighting);

}  // namespace knowhow::server
