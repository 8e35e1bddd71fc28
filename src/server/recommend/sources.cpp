#include "server/recommend/sources.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <utils/array.h>
#include <utils/lsyscache.h>
}

#include <algorithm>

#include "engine/rank/team.hpp"
#include "engine/rank/walk.hpp"
#include "server/catalog/relation.hpp"
#include "server/catalog/tables.hpp"
#include "server/model/writer.hpp"
#include "server/module.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

bool has_column(Oid relation, const char* name) {
    return get_attnum(relation, name) != InvalidAttrNumber;
}

[[noreturn]] void missing_column(const Request* request, const char* filter, const char* column) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("cannot filter by %s: %s of recommender \"%s\" has no column %s",
                           filter, get_rel_name(request->recommender->snippets),
                           request->recommender->name, column)));
    pg_unreachable();
}

void append_label_filter(Statement* statement, const Request* request, const char* kind,
                         ArrayType* values) {
    if (values == nullptr) {
        return;
    }
    append_sql(statement, " AND EXISTS (SELECT FROM ");
    append_relation(statement, request->recommender->labels);
    append_sql(statement, " l WHERE l.snippet_id = s.snippet_id AND l.kind = '");
    append_sql(statement, kind);
    append_sql(statement, "' AND l.value = ANY (");
    append_parameter(statement, TEXTARRAYOID, PointerGetDatum(values));
    append_sql(statement, "))");
}

// What the person named may see by the snippet's visibility column: what is public, their team's,
// and their own. Row security of the caller comes on top. search() and similar() ask for nobody,
// so there the caller's rights alone decide.
void append_visibility(Statement* statement, const Sources* sources) {
    const Request* request = sources->request;
    if (request->mode != Mode::kRecommend || !sources->columns.visibility) {
        return;
    }
    // Spelled so that the planner's statistics of the column tell how many rows pass.
    append_sql(statement, " AND (s.visibility IS NULL OR s.visibility::text = 'public'");
    if (request->has_user && sources->has_team && sources->columns.team_id) {
        append_sql(statement, " OR (s.visibility::text = 'team' AND s.team_id = ");
        append_parameter(statement, INT8OID, Int64GetDatum(sources->team));
        append_sql(statement, ")");
    }
    if (request->has_user && sources->columns.author_id) {
        append_sql(statement, " OR s.author_id = ");
        append_parameter(statement, INT8OID, Int64GetDatum(request->user_id));
    }
    append_sql(statement, ")");
}

// The conditions that every candidate must meet; continues a WHERE clause on alias s.
void append_filters(Statement* statement, const Sources* sources) {
    const Request* request = sources->request;
    const Filters& filters = request->filters;
    append_visibility(statement, sources);
    if (filters.kinds != nullptr) {
        append_sql(statement, " AND s.kind::text = ANY (");
        append_parameter(statement, TEXTARRAYOID, PointerGetDatum(filters.kinds));
        append_sql(statement, ")");
    }
    if (filters.teams != nullptr) {
        append_sql(statement, " AND s.team_id = ANY (");
        append_parameter(statement, INT8ARRAYOID, PointerGetDatum(filters.teams));
        append_sql(statement, ")");
    }
    append_label_filter(statement, request, "topic", filters.topics);
    append_label_filter(statement, request, "tag", filters.tags);
    append_label_filter(statement, request, "difficulty", filters.difficulties);
}

// Leaves out what the person shall not be shown. A hashed subplan is looked up in a time that does
// not grow with the list; = ANY of a parameter would be gone through for every row.
void append_not_excluded(Statement* statement, const Sources* sources) {
    if (sources->excluded_count == 0) {
        return;
    }
    append_sql(statement, " AND s.snippet_id::int8 NOT IN (SELECT unnest(");
    append_parameter(statement, INT8ARRAYOID,
                     int8_array(sources->excluded, static_cast<int>(sources->excluded_count)));
    append_sql(statement, "))");
}

void append_snippets(Statement* statement, const Sources* sources) {
    append_relation(statement, sources->request->recommender->snippets);
    append_sql(statement, " s");
}

// The columns of a DescribedRow, from alias s.
void append_described(Statement* statement, const Sources* sources) {
    append_sql(statement,
               "s.snippet_id::int8 AS snippet_id, s.title::text AS title, "
               "s.content::knowhow.tfidf AS content, ");
    append_sql(statement,
               sources->columns.created_at
                   ? "CASE WHEN isfinite(s.created_at) THEN "
                     "greatest(date_part('epoch', now() - s.created_at) / 86400, 0) END AS age"
                   : "NULL::float8 AS age");
}

// Rows l of labels that are liked.label; continues a FROM clause.
void append_bearers(Statement* statement, const Sources* sources) {
    append_relation(statement, sources->request->recommender->labels);
    append_sql(statement, " l ON l.kind = split_part(liked.label, ':', 1) "
                          "AND l.value = substr(liked.label, strpos(liked.label, ':') + 1) "
                          "WHERE l.snippet_id IS NOT NULL");
}

// The person's team, by the users that are bound.
void read_team(Sources* sources) {
    const Request* request = sources->request;
    if (!request->has_user || !OidIsValid(request->recommender->users)) {
        return;
    }
    Statement statement;
    begin_statement(&statement, "SELECT team_id::int8 FROM ");
    append_relation(&statement, request->recommender->users);
    append_sql(&statement, " WHERE user_id = ");
    append_parameter(&statement, INT8OID, Int64GetDatum(request->user_id));
    append_sql(&statement, " AND team_id IS NOT NULL");
    SPITupleTable* rows = run_statement(&statement);
    sources->has_team = rows->numvals > 0;
    sources->team = rows->numvals > 0 ? int8_column(rows, 0, 1) : 0;
}

// One branch of the UNION of what the person shall not be shown.
void append_excluded(Statement* statement, bool* first, Oid relation, std::int64_t user,
                     const char* condition) {
    append_sql(statement, *first ? "SELECT DISTINCT snippet_id FROM (" : " UNION ALL ");
    *first = false;
    append_sql(statement, "SELECT snippet_id::int8 FROM ");
    append_relation(statement, relation);
    append_sql(statement, " WHERE snippet_id IS NOT NULL AND user_id = ");
    append_parameter(statement, INT8OID, Int64GetDatum(user));
    append_sql(statement, condition);
}

// A value of `exclude`, and where it is found.
struct Exclusion {
    const char* name;
    bool asked;
    Oid relation;
    const char* condition;   // on its rows, beside the person's
};

constexpr int kExclusions = 3;

void exclusions(const Request* request, Exclusion* all) {
    const Recommender* recommender = request->recommender;
    bool const ratings = OidIsValid(recommender->ratings);
    bool const events = OidIsValid(recommender->events);
    all[0] = {"rated", request->exclude_rated,
              ratings ? recommender->ratings : recommender->interactions,
              ratings ? "" : " AND weight > 0"};
    all[1] = {"dismissed", request->exclude_dismissed,
              events ? recommender->events : recommender->interactions,
              events ? " AND kind::text = 'dismiss'" : " AND weight < 0"};
    all[2] = {"seen", request->exclude_seen,
              events ? recommender->events : recommender->interactions, ""};
}

// Finds the snippets that `exclude` names.
void read_excluded(Sources* sources) {
    const Request* request = sources->request;
    if (request->history != nullptr && request->exclude_rated) {
        std::size_t const count = static_cast<std::size_t>(request->history_count);
        std::int64_t* ids = static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * count + 1));
        std::copy_n(request->history, count, ids);
        std::sort(ids, ids + count);
        sources->excluded = ids;
        sources->excluded_count = std::unique(ids, ids + count) - ids;
    }
    if (request->history != nullptr || !request->has_user) {
        return;
    }
    Statement statement;
    begin_statement(&statement, "");
    bool first = true;
    Exclusion all[kExclusions];
    exclusions(request, all);
    for (const Exclusion& exclusion : all) {
        if (exclusion.asked) {
            append_excluded(&statement, &first, exclusion.relation, request->user_id,
                            exclusion.condition);
        }
    }
    if (first) {
        return;
    }
    append_sql(&statement, ") excluded ORDER BY snippet_id");
    SPITupleTable* rows = run_statement(&statement);
    std::int64_t* ids =
        static_cast<std::int64_t*>(palloc_extended(sizeof(std::int64_t) * rows->numvals + 1,
                                                   MCXT_ALLOC_HUGE));
    for (std::uint64_t i = 0; i < rows->numvals; ++i) {
        ids[i] = int8_column(rows, i, 1);
    }
    sources->excluded = ids;
    sources->excluded_count = static_cast<std::int64_t>(rows->numvals);
    SPI_freetuptable(rows);
}

constexpr int kDistanceColumn = 5;

enum class Ties { kCut, kWhole };

// The `most` snippets nearest to `vector`, and with Ties::kWhole those as near as the last of them,
// as far as they share a term with it. An index on content gives the inner order, but no order by a
// second column, so ties are sorted outside. `most` is part of the text: the planner takes the index
// where it knows that few rows are wanted. `passed_over`: about how many of the nearest are excluded.
SPITupleTable* nearest(const Sources* sources, Datum vector, std::uint64_t most, Ties ties,
                       std::uint64_t passed_over) {
    Statement statement;
    begin_statement(&statement,
                    "SELECT snippet_id, title, content, age, distance FROM (SELECT ");
    append_described(&statement, sources);
    append_sql(&statement, ", s.content::knowhow.tfidf OPERATOR(knowhow.<#>) ");
    append_parameter(&statement, catalog_type("tfidf"), vector);
    append_sql(&statement, " AS distance FROM ");
    append_snippets(&statement, sources);
    append_sql(&statement, " WHERE s.content IS NOT NULL");
    append_filters(&statement, sources);
    append_not_excluded(&statement, sources);
    append_sql(&statement, psprintf(" ORDER BY distance FETCH FIRST " UINT64_FORMAT " ROWS %s",
                                    most, ties == Ties::kCut ? "ONLY" : "WITH TIES"));
    append_sql(&statement, ") AS nearest WHERE distance < 0 AND snippet_id IS NOT NULL "
                           "ORDER BY distance, snippet_id");
    // An index scan need not find out, by searching for fewer, how many rows are wanted: it would search
    // again, and for far more, when the first ones are used up.
    int const scan_rows = settings::scan_rows;
    settings::scan_rows = static_cast<int>(std::clamp<std::uint64_t>(most + passed_over, 1, 1000000));
    SPITupleTable* volatile rows = nullptr;
    PG_TRY();
    {
        rows = run_statement(&statement);
    }
    PG_FINALLY();
    {
        settings::scan_rows = scan_rows;
    }
    PG_END_TRY();
    return rows;
}

}  // namespace

bool is_excluded(const Sources* sources, std::int64_t snippet_id) {
    return std::binary_search(sources->excluded, sources->excluded + sources->excluded_count,
                              snippet_id);
}

const char* excluded_as(const Sources* sources, std::int64_t snippet_id) {
    const Request* request = sources->request;
    if (!is_excluded(sources, snippet_id)) {
        return nullptr;
    }
    if (request->history != nullptr) {
        return "history";
    }
    Exclusion all[kExclusions];
    exclusions(request, all);
    StringInfoData names;
    initStringInfo(&names);
    for (const Exclusion& exclusion : all) {
        if (!exclusion.asked) {
            continue;
        }
        Statement statement;
        begin_statement(&statement, "");
        bool first = true;
        append_excluded(&statement, &first, exclusion.relation, request->user_id,
                        exclusion.condition);
        append_sql(&statement, ") excluded WHERE snippet_id = ");
        append_parameter(&statement, INT8OID, Int64GetDatum(snippet_id));
        SPITupleTable* rows = run_statement(&statement);
        if (rows->numvals > 0) {
            appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", exclusion.name);
        }
        SPI_freetuptable(rows);
    }
    return names.data;
}

const char* filtered_by(const Sources* sources, std::int64_t snippet_id) {
    const Filters& filters = sources->request->filters;
    struct {
        const char* name;
        ArrayType* Filters::* values;
    } const all[] = {{"topics", &Filters::topics},
                     {"tags", &Filters::tags},
                     {"difficulties", &Filters::difficulties},
                     {"kinds", &Filters::kinds},
                     {"teams", &Filters::teams}};
    StringInfoData names;
    initStringInfo(&names);
    for (const auto& filter : all) {
        if (filters.*filter.values == nullptr) {
            continue;
        }
        Request request = *sources->request;
        request.filters = {};
        request.filters.*filter.values = filters.*filter.values;
        Sources one = *sources;
        one.request = &request;
        SPITupleTable* rows = allowed(&one, int8_array(&snippet_id, 1));
        if (rows->numvals == 0) {
            appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", filter.name);
        }
        SPI_freetuptable(rows);
    }
    return names.len > 0 ? names.data : nullptr;
}

bool may_be_read(const Sources* sources, std::int64_t snippet_id) {
    Sources any = *sources;
    any.columns.visibility = false;
    SPITupleTable* rows = shown(&any, int8_array(&snippet_id, 1));
    bool const found = rows->numvals > 0;
    SPI_freetuptable(rows);
    return found;
}

Sources* open_sources(const Request* request) {
    Recommender* recommender = request->recommender;
    Sources* sources = static_cast<Sources*>(palloc0(sizeof(Sources)));
    sources->request = request;
    Oid const snippets = recommender->snippets;
    sources->columns = {has_column(snippets, "kind"), has_column(snippets, "team_id"),
                        has_column(snippets, "author_id"), has_column(snippets, "created_at"),
                        has_column(snippets, "visibility")};
    const Filters& filters = request->filters;
    if (filters.kinds != nullptr && !sources->columns.kind) {
        missing_column(request, "kinds", "kind");
    }
    if (filters.teams != nullptr && !sources->columns.team_id) {
        missing_column(request, "teams", "team_id");
    }
    if ((filters.topics != nullptr || filters.tags != nullptr ||
         filters.difficulties != nullptr) &&
        !OidIsValid(recommender->labels)) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("cannot filter by topics, tags or difficulties: recommender \"%s\" "
                               "has no labels",
                               recommender->name),
                        errhint("Bind them with alter_recommender(name, labels => ...).")));
    }
    if (sources->columns.visibility) {
        read_team(sources);
    }
    read_excluded(sources);
    return sources;
}

SPITupleTable* nearest_by_content(const Sources* sources, Datum vector, std::int64_t limit,
                                  std::size_t most_passed_over) {
    std::uint64_t const needed = static_cast<std::uint64_t>(limit);
    std::uint64_t const passed_over = std::min<std::uint64_t>(
        static_cast<std::uint64_t>(sources->excluded_count), most_passed_over);
    // One more, to see whether ties are cut.
    SPITupleTable* const rows = nearest(sources, vector, needed + 1, Ties::kCut, passed_over);
    if (needed == 0 || rows->numvals <= needed ||
        float8_column(rows, needed - 1, kDistanceColumn, 0) !=
            float8_column(rows, needed, kDistanceColumn, 0)) {
        return rows;
    }
    SPI_freetuptable(rows);
    return nearest(sources, vector, needed, Ties::kWhole, passed_over);
}

SPITupleTable* newest(const Sources* sources, std::int64_t limit) {
    Statement statement;
    begin_statement(&statement, "SELECT ");
    append_described(&statement, sources);
    append_sql(&statement, " FROM ");
    append_snippets(&statement, sources);
    append_sql(&statement, " WHERE s.snippet_id IS NOT NULL");
    append_filters(&statement, sources);
    append_not_excluded(&statement, sources);
    append_sql(&statement, sources->columns.created_at
                               ? " ORDER BY s.created_at DESC NULLS LAST, s.snippet_id LIMIT "
                               : " ORDER BY s.snippet_id DESC LIMIT ");
    append_parameter(&statement, INT8OID, Int64GetDatum(limit));
    return run_statement(&statement);
}

SPITupleTable* bearing_labels(const Sources* sources, Datum labels, std::int64_t limit) {
    Statement statement;
    begin_statement(&statement, "SELECT l.snippet_id::int8, liked.number FROM unnest(");
    append_parameter(&statement, TEXTARRAYOID, labels);
    append_sql(&statement, ") WITH ORDINALITY AS liked (label, number) JOIN ");
    append_bearers(&statement, sources);
    append_sql(&statement, " LIMIT ");
    append_parameter(&statement, INT8OID, Int64GetDatum(limit));
    return run_statement(&statement);
}

SPITupleTable* allowed_bearing_labels(const Sources* sources, Datum labels, Datum affinities,
                                      std::int64_t limit) {
    Statement statement;
    begin_statement(&statement,
                    "SELECT liked.snippet_id::int8 FROM (SELECT l.snippet_id, sum(liked.affinity) AS affinity "
                    "FROM unnest(");
    append_parameter(&statement, TEXTARRAYOID, labels);
    append_sql(&statement, ", ");
    append_parameter(&statement, FLOAT8ARRAYOID, affinities);
    append_sql(&statement, ") AS liked (label, affinity) JOIN ");
    append_bearers(&statement, sources);
    append_sql(&statement, " GROUP BY l.snippet_id) liked JOIN ");
    append_snippets(&statement, sources);
    append_sql(&statement, " ON s.snippet_id = liked.snippet_id WHERE true");
    append_filters(&statement, sources);
    append_not_excluded(&statement, sources);
    append_sql(&statement, " ORDER BY liked.affinity DESC, liked.snippet_id LIMIT ");
    append_parameter(&statement, INT8OID, Int64GetDatum(limit));
    return run_statement(&statement);
}

SPITupleTable* allowed(const Sources* sources, Datum ids) {
    Statement statement;
    begin_statement(&statement, "SELECT ");
    append_described(&statement, sources);
    append_sql(&statement, " FROM ");
    append_snippets(&statement, sources);
    append_sql(&statement, " WHERE s.snippet_id = ANY (");
    append_parameter(&statement, INT8ARRAYOID, ids);
    append_sql(&statement, ")");
    append_filters(&statement, sources);
    return run_statement(&statement);
}

SPITupleTable* shown(const Sources* sources, Datum ids) {
    Request request = *sources->request;
    request.filters = {};
    Sources unfiltered = *sources;
    unfiltered.request = &request;
    return allowed(&unfiltered, ids);
}

DescribedRow described_row(SPITupleTable* rows, std::uint64_t row) {
    bool no_content;
    Datum const content = datum_column(rows, row, 3, &no_content);
    return {int8_column(rows, row, 1), view_column(rows, row, 2),
            no_content ? VectorView() : tfidf_view(content), float8_column(rows, row, 4, -1)};
}

SPITupleTable* labels_of(const Sources* sources, Datum ids) {
    Oid const labels = sources->request->recommender->labels;
    if (!OidIsValid(labels)) {
        return nullptr;
    }
    Statement statement;
    begin_statement(&statement, "SELECT l.snippet_id::int8, l.kind::text || ':' || l.value::text FROM ");
    append_relation(&statement, labels);
    append_sql(&statement, " l WHERE l.snippet_id = ANY (");
    append_parameter(&statement, INT8ARRAYOID, ids);
    // Not IN: before PostgreSQL 17 an index on (snippet_id, kind, ...) is descended once for each pair
    // of an id and a kind.
    append_sql(&statement, ") AND (l.kind = 'topic' OR l.kind = 'tag') AND l.value IS NOT NULL");
    return run_statement(&statement);
}

SPITupleTable* interactions_with(const Sources* sources, Datum ids, std::int64_t limit) {
    Statement statement;
    begin_statement(&statement,
                    "SELECT snippet_id::int8, weight::float4, occurred_at::timestamptz FROM ");
    append_relation(&statement, sources->request->recommender->interactions);
    append_sql(&statement, " WHERE snippet_id::int8 = ANY (");
    append_parameter(&statement, INT8ARRAYOID, ids);
    append_sql(&statement, ") AND weight IS NOT NULL LIMIT ");
    append_parameter(&statement, INT8OID, Int64GetDatum(limit));
    return run_statement(&statement);
}

SPITupleTable* liked_in_team(Sources* sources) {
    const Request* request = sources->request;
    // Without visibility nobody has needed the users yet.
    if (!sources->columns.visibility && OidIsValid(request->recommender->users) &&
        may_read(request->recommender->users)) {
        read_team(sources);
    }
    if (!sources->has_team) {
        return nullptr;
    }
    Statement statement;
    begin_statement(&statement,
                    "SELECT i.snippet_id, sum(i.weight), count(*) FROM (SELECT user_id FROM ");
    append_relation(&statement, request->recommender->users);
    append_sql(&statement, " WHERE team_id = ");
    append_parameter(&statement, INT8OID, Int64GetDatum(sources->team));
    append_sql(&statement, " AND user_id <> ");
    append_parameter(&statement, INT8OID, Int64GetDatum(request->user_id));
    append_sql(&statement, " ORDER BY user_id LIMIT ");
    append_parameter(&statement, INT8OID, Int64GetDatum(kMostColleagues));
    append_sql(&statement,
               ") u CROSS JOIN LATERAL (SELECT snippet_id::int8, weight::float8 FROM ");
    append_relation(&statement, request->recommender->interactions);
    append_sql(&statement,
               " WHERE user_id = u.user_id AND snippet_id IS NOT NULL AND weight > 0 "
               "ORDER BY occurred_at DESC NULLS LAST, snippet_id LIMIT ");
    append_parameter(&statement, INT8OID, Int64GetDatum(kMostOfColleague));
    append_sql(&statement, ") i GROUP BY 1 ORDER BY 2 DESC, 1");
    return run_statement(&statement);
}

SPITupleTable* links_of(const Sources* sources, Datum ids) {
    Statement statement;
    begin_statement(&statement, "SELECT walked.id, l.other, l.kind, l.forward FROM unnest(");
    append_parameter(&statement, INT8ARRAYOID, ids);
    append_sql(&statement, ") AS walked (id) CROSS JOIN LATERAL (");
    for (bool const forward : {true, false}) {
        const char* const other = forward ? "to_id" : "from_id";
        append_sql(&statement, forward ? "(" : " UNION ALL (");
        append_sql(&statement, psprintf("SELECT l.%s::int8 AS other, l.kind::text AS kind, "
                                        "%s AS forward FROM ",
                                        other, forward ? "true" : "false"));
        append_relation(&statement, sources->request->recommender->links);
        append_sql(&statement, " l JOIN ");
        append_snippets(&statement, sources);
        append_sql(&statement,
                   psprintf(" ON s.snippet_id = l.%s WHERE l.%s = walked.id AND l.kind IS NOT NULL",
                            other, forward ? "from_id" : "to_id"));
        append_visibility(&statement, sources);
        append_sql(&statement, psprintf(" ORDER BY l.%s DESC, l.kind DESC LIMIT ", other));
        append_parameter(&statement, INT8OID, Int64GetDatum(kMostLinks));
        append_sql(&statement, ")");
    }
    append_sql(&statement, ") l");
    return run_statement(&statement);
}

SPITupleTable* stored_history(const Request* request, std::int64_t limit) {
    const auto newest = [=](const char* condition) {
        Statement statement;
        begin_statement(&statement, "SELECT snippet_id::int8, weight::float8 FROM ");
        append_relation(&statement, request->recommender->interactions);
        append_sql(&statement, " WHERE user_id = ");
        append_parameter(&statement, INT8OID, Int64GetDatum(request->user_id));
        append_sql(&statement, " AND snippet_id IS NOT NULL");
        append_sql(&statement, condition);
        append_sql(&statement, " ORDER BY occurred_at DESC NULLS LAST, snippet_id LIMIT ");
        append_parameter(&statement, INT8OID, Int64GetDatum(limit));
        return run_statement(&statement);
    };
    SPITupleTable* const rows = newest("");
    bool weighed = true;
    for (std::uint64_t i = 0; i < rows->numvals && weighed; ++i) {
        bool null;
        datum_column(rows, i, 2, &null);
        weighed = !null;
    }
    // Only where something without a weight may have taken another's place is there a condition: of a
    // view that computes weights, PostgreSQL would compute each once for that and once for the result.
    if (weighed || rows->numvals < static_cast<std::uint64_t>(limit)) {
        return rows;
    }
    SPI_freetuptable(rows);
    return newest(" AND weight IS NOT NULL");
}

}  // namespace knowhow::server
