// Where candidates come from: the statements that read snippets under the request's filters, the
// caller's privileges and row security.
//
// Every column that is read as a Datum is cast to the type that is expected. Types were checked when
// the tables were bound, but their owners may change them later, and bytes of another type must
// not be taken for a vector. Where the type is right a cast costs nothing.
//
// All functions here are PostgreSQL phases: call them with no destructor pending, between
// SPI_connect() and SPI_finish().
#pragma once

#include "engine/sparse/vector.hpp"
#include "server/recommend/request.hpp"
#include "server/recommend/statement.hpp"

namespace knowhow::server {

// Which of the optional columns the snippets relation has.
struct SnippetColumns {
    bool kind;
    bool team_id;
    bool author_id;
    bool created_at;
    bool visibility;
};

struct Sources {
    const Request* request;
    SnippetColumns columns;
    // What the person shall not be shown, ascending.
    const std::int64_t* excluded;
    std::int64_t excluded_count;
    bool has_team;       // the person's own; looked up for visibility
    std::int64_t team;
};

// Looks up columns, the person's team, and what the person shall not be shown. Errors: 42703 for
// a filter on a column, 55000 for one on labels, that the recommender does not have.
Sources* open_sources(const Request* request);

bool is_excluded(const Sources* sources, std::int64_t snippet_id);

// Which values of `exclude` leave the snippet out ("rated, seen"; "history" where it stands in the
// list given in place of the person's); NULL: none.
const char* excluded_as(const Sources* sources, std::int64_t snippet_id);

// Which filters it does not pass ("topics, kinds"); NULL: it passes all. The caller may read it.
const char* filtered_by(const Sources* sources, std::int64_t snippet_id);

// Whether the caller may read it, whatever the person may see.
bool may_be_read(const Sources* sources, std::int64_t snippet_id);

// What is read of a snippet. Views into the rows that it was read from.
struct DescribedRow {
    std::int64_t id;
    std::string_view title;   // data() is NULL where the snippet has none
    VectorView content;
    double age;               // in days; -1 where unknown
};

// Row `row` of the rows of nearest_by_content(), newest(), allowed() and shown().
DescribedRow described_row(SPITupleTable* rows, std::uint64_t row);

// The two that follow give snippets that are not excluded, `limit` of them where there are as
// many; the first may give more.

// The snippets nearest to `vector`, all with a positive inner product. Of what is excluded about
// `most_passed_over` are among them at most: an index is asked for as many more at once.
SPITupleTable* nearest_by_content(const Sources* sources, Datum vector, std::int64_t limit,
                                  std::size_t most_passed_over);

// The newest.
SPITupleTable* newest(const Sources* sources, std::int64_t limit);

// snippet_id of what bears one of these labels (text[], "kind:value"), and the label's number among them,
// from 1: `limit` rows at most, in no order. A snippet with several has several.
SPITupleTable* bearing_labels(const Sources* sources, Datum labels, std::int64_t limit);

// snippet_id of what bears at least one of them, passes the filters and is not excluded, `limit` at
// most, by descending sum of affinities over them (float8[], parallel). Reads each snippet.
SPITupleTable* allowed_bearing_labels(const Sources* sources, Datum labels, Datum affinities,
                                      std::int64_t limit);

// Those of `ids` (bigint[], none of them excluded) that the filters let through.
SPITupleTable* allowed(const Sources* sources, Datum ids);

// Those of `ids` that the person may see, filters aside.
SPITupleTable* shown(const Sources* sources, Datum ids);

// snippet_id, "kind:value" of the topics and tags of `ids`, or NULL where no labels are bound.
// One label may come twice: from a person and from a model.
SPITupleTable* labels_of(const Sources* sources, Datum ids);

// snippet_id, weight, occurred_at of what people made of `ids`, at most `limit` rows.
SPITupleTable* interactions_with(const Sources* sources, Datum ids, std::int64_t limit);
// What colleagues of the person like, strongest first: snippet_id, sum of weights, how many
// colleagues (engine/rank/team.hpp). NULL where the person has no team, or users are not bound or
// not readable.
SPITupleTable* liked_in_team(Sources* sources);

// Of each of `ids` at most kMostLinks in each direction, those with the largest other ids, to
// snippets that the person may see: id, other, kind, whether the link leads from id to other.
SPITupleTable* links_of(const Sources* sources, Datum ids);

// snippet_id, weight of the person's newest interactions: `limit` that have a weight, or all there are,
// among which the weight may be NULL.
SPITupleTable* stored_history(const Request* request, std::int64_t limit);

}  // namespace knowhow::server
