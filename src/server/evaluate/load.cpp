#include "server/evaluate/load.hpp"

extern "C" {
#include <executor/spi.h>
#include <lib/stringinfo.h>
#include <utils/lsyscache.h>
#include <utils/timestamp.h>
}

#include <cstring>

#include "engine/rank/signal_weights.hpp"
#include "server/catalog/params.hpp"
#include "server/catalog/relation.hpp"
#include "server/text/to_tfidf.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

constexpr long kBatch = 2000;

// -infinity and infinity are the ends of the range on both sides.
static_assert(DT_NOBEGIN == kAlways && DT_NOEND == kLater);

// Calls take(rows, i) for every row of the query, in engine code or not as it likes.
template <typename Take>
void for_each_batch(const char* sql, Take take) {
    SPIPlanPtr plan = SPI_prepare_cursor(sql, 0, nullptr, CURSOR_OPT_NO_SCROLL);
    if (plan == nullptr) {
        elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    }
    Portal portal = SPI_cursor_open(nullptr, plan, nullptr, nullptr, true);
    MemoryContext const batch = AllocSetContextCreate(
        CurrentMemoryContext, "knowhow evaluation rows", ALLOCSET_DEFAULT_SIZES);
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        SPI_cursor_fetch(portal, true, kBatch);
        if (SPI_processed == 0) {
            break;
        }
        MemoryContext const before = MemoryContextSwitchTo(batch);
        take(SPI_tuptable, static_cast<int>(SPI_processed));
        MemoryContextSwitchTo(before);
        MemoryContextReset(batch);
        SPI_freetuptable(SPI_tuptable);
    }
    SPI_cursor_close(portal);
    MemoryContextDelete(batch);
}

Datum column(SPITupleTable* rows, int row, int number, bool* null) {
    return SPI_getbinval(rows->vals[row], rows->tupdesc, number, null);
}

std::int64_t int8_or(SPITupleTable* rows, int row, int number, std::int64_t if_null, bool* null) {
    Datum const value = column(rows, row, number, null);
    return *null ? if_null : DatumGetInt64(value);
}

// The column, or a NULL of its type where the relation has none of that name.
const char* optional(Oid relation, const char* name, const char* type) {
    return get_attnum(relation, name) == InvalidAttrNumber ? psprintf("NULL::%s", type)
                                                           : psprintf("%s::%s", name, type);
}

void load_snippets(const Recommender& recommender, Archive* archive) {
    Oid const snippets = recommender.snippets;
    struct Row {
        std::int64_t id, created_at, team, author;
        const char* content;
        std::size_t bytes;
        bool has_content, is_public, for_team, no_team, no_author;
    };
    const char* const sql = psprintf(
        "SELECT snippet_id::int8, content::knowhow.tfidf, %s, coalesce(%s, 'public'), %s, "
        "%s FROM %s WHERE snippet_id IS NOT NULL",
        optional(snippets, "created_at", "timestamptz"), optional(snippets, "visibility", "text"),
        optional(snippets, "team_id", "int8"), optional(snippets, "author_id", "int8"),
        qualified_name(snippets));
    for_each_batch(sql, [=](SPITupleTable* table, int count) {
        Row* const rows = static_cast<Row*>(palloc0(sizeof(Row) * static_cast<std::size_t>(count)));
        for (int i = 0; i < count; ++i) {
            Row& row = rows[i];
            bool null;
            row.id = int8_or(table, i, 1, 0, &null);
            Datum const content = column(table, i, 2, &null);
            row.has_content = !null;
            if (row.has_content) {
                varlena* const value = PG_DETOAST_DATUM_PACKED(content);
                row.content = VARDATA_ANY(value);
                row.bytes = VARSIZE_ANY_EXHDR(value);
            }
            row.created_at = int8_or(table, i, 3, kAlways, &null);
            const char* const visibility = TextDatumGetCString(column(table, i, 4, &null));
            row.is_public = strcmp(visibility, "public") == 0;
            row.for_team = strcmp(visibility, "team") == 0;
            row.team = int8_or(table, i, 5, 0, &row.no_team);
            row.author = int8_or(table, i, 6, 0, &row.no_author);
        }
        engine([=] {
            for (int i = 0; i < count; ++i) {
                const Row& row = rows[i];
                ArchivedSnippet snippet;
                snippet.id = row.id;
                snippet.has_content = row.has_content;
                snippet.created_at = row.created_at;
                snippet.is_public = row.is_public;
                if (row.for_team && !row.no_team) {
                    snippet.readable_by_team = row.team;
                }
                if (!row.no_author) {
                    snippet.author = row.author;
                }
                archive->add_snippet(snippet, {row.content, row.bytes});
            }
        });
    });
}

void load_labels(const Recommender& recommender, Archive* archive) {
    if (!OidIsValid(recommender.labels)) {
        return;
    }
    struct Row {
        std::int64_t snippet, at;
        text* label;
    };
    const char* const sql = psprintf(
        "SELECT snippet_id::int8, concat(kind, ':', value), %s FROM %s "
        "WHERE kind IN ('topic', 'tag') AND value IS NOT NULL AND snippet_id IS NOT NULL",
        optional(recommender.labels, "labelled_at", "timestamptz"),
        qualified_name(recommender.labels));
    for_each_batch(sql, [=](SPITupleTable* table, int count) {
        Row* const rows = static_cast<Row*>(palloc(sizeof(Row) * static_cast<std::size_t>(count)));
        for (int i = 0; i < count; ++i) {
            bool null;
            rows[i].snippet = int8_or(table, i, 1, 0, &null);
            rows[i].label = DatumGetTextPP(column(table, i, 2, &null));
            rows[i].at = int8_or(table, i, 3, kAlways, &null);
        }
        engine([=] {
            for (int i = 0; i < count; ++i) {
                archive->add_label(
                    rows[i].snippet, {VARDATA_ANY(rows[i].label), VARSIZE_ANY_EXHDR(rows[i].label)},
                    rows[i].at);
            }
        });
    });
}

void load_links(const Recommender& recommender, Archive* archive) {
    if (!OidIsValid(recommender.links)) {
        return;
    }
    struct Row {
        std::int64_t from, to, at;
        text* kind;
    };
    const char* const sql = psprintf(
        "SELECT from_id::int8, to_id::int8, kind::text, %s FROM %s "
        "WHERE from_id IS NOT NULL AND to_id IS NOT NULL AND kind IS NOT NULL",
        optional(recommender.links, "linked_at", "timestamptz"),
        qualified_name(recommender.links));
    for_each_batch(sql, [=](SPITupleTable* table, int count) {
        Row* const rows = static_cast<Row*>(palloc(sizeof(Row) * static_cast<std::size_t>(count)));
        for (int i = 0; i < count; ++i) {
            bool null;
            rows[i].from = int8_or(table, i, 1, 0, &null);
            rows[i].to = int8_or(table, i, 2, 0, &null);
            rows[i].kind = DatumGetTextPP(column(table, i, 3, &null));
            rows[i].at = int8_or(table, i, 4, kAlways, &null);
        }
        engine([=] {
            for (int i = 0; i < count; ++i) {
                archive->add_link(
                    rows[i].from, rows[i].to,
                    {VARDATA_ANY(rows[i].kind), VARSIZE_ANY_EXHDR(rows[i].kind)}, rows[i].at);
            }
        });
    });
}

// user_id, snippet_id, at[, weight]: interactions, or other meetings.
void load_meetings(const char* sql, bool interactions, Archive* archive) {
    struct Row {
        std::int64_t user, snippet, at;
        double weight;
    };
    for_each_batch(sql, [=](SPITupleTable* table, int count) {
        Row* const rows = static_cast<Row*>(palloc(sizeof(Row) * static_cast<std::size_t>(count)));
        int met = 0;
        for (int i = 0; i < count; ++i) {
            bool null = false;
            double const weight = interactions ? DatumGetFloat8(column(table, i, 4, &null)) : 0;
            if (null) {
                continue;   // left out here and by no condition: train/read.cpp says why
            }
            Row& row = rows[met++];
            row.user = int8_or(table, i, 1, 0, &null);
            row.snippet = int8_or(table, i, 2, 0, &null);
            row.at = int8_or(table, i, 3, kAlways, &null);
            row.weight = weight;
        }
        engine([=] {
            for (int i = 0; i < met; ++i) {
                const Row& row = rows[i];
                if (interactions) {
                    archive->add_interaction(row.user, row.snippet, row.weight, row.at);
                } else {
                    archive->add_meeting(row.user, row.snippet, row.at);
                }
            }
        });
    });
}

void load_users(const Recommender& recommender, Archive* archive) {
    if (!OidIsValid(recommender.users) ||
        get_attnum(recommender.users, "team_id") == InvalidAttrNumber) {
        return;
    }
    const char* const sql = psprintf(
        "SELECT user_id::int8, team_id::int8 FROM %s "
        "WHERE user_id IS NOT NULL AND team_id IS NOT NULL",
        qualified_name(recommender.users));
    for_each_batch(sql, [=](SPITupleTable* table, int count) {
        for (int i = 0; i < count; ++i) {
            bool null;
            std::int64_t const user = int8_or(table, i, 1, 0, &null);
            std::int64_t const team = int8_or(table, i, 2, 0, &null);
            engine([=] { archive->add_user(user, team); });
        }
    });
}

}  // namespace

void load_history(const Recommender& recommender, Archive* archive) {
    load_snippets(recommender, archive);
    load_labels(recommender, archive);
    load_links(recommender, archive);
    load_users(recommender, archive);
    load_meetings(psprintf("SELECT user_id::int8, snippet_id::int8, occurred_at::timestamptz, "
                           "weight::float8 FROM %s WHERE user_id IS NOT NULL "
                           "AND snippet_id IS NOT NULL",
                           qualified_name(recommender.interactions)),
                  true, archive);
    struct {
        Oid relation;
        const char* column;
    } const others[] = {{recommender.events, "occurred_at"}, {recommender.ratings, "rated_at"}};
    for (const auto& other : others) {
        if (OidIsValid(other.relation) &&
            get_attnum(other.relation, other.column) != InvalidAttrNumber) {
            load_meetings(psprintf("SELECT user_id::int8, snippet_id::int8, "
                                   "min(%s::timestamptz) FROM %s WHERE user_id IS NOT NULL "
                                   "AND snippet_id IS NOT NULL AND %s IS NOT NULL GROUP BY 1, 2",
                                   other.column, qualified_name(other.relation), other.column),
                          false, archive);
        }
    }
    engine([=] { archive->finish(); });
}

void load_queries(const Recommender& recommender, Archive* archive) {
    if (!OidIsValid(recommender.events) ||
        get_attnum(recommender.events, "query") == InvalidAttrNumber ||
        get_attnum(recommender.events, "occurred_at") == InvalidAttrNumber) {
        return;
    }
    Oid const config = text_config(recommender);
    const char* const sql = psprintf(
        "SELECT user_id::int8, snippet_id::int8, occurred_at::timestamptz, min(query::text) "
        "FROM %s WHERE user_id IS NOT NULL AND snippet_id IS NOT NULL AND query IS NOT NULL "
        "AND occurred_at IS NOT NULL GROUP BY 1, 2, 3",
        qualified_name(recommender.events));
    for_each_batch(sql, [=](SPITupleTable* table, int count) {
        for (int i = 0; i < count; ++i) {
            bool null;
            std::int64_t const user = int8_or(table, i, 1, 0, &null);
            std::int64_t const snippet = int8_or(table, i, 2, 0, &null);
            std::int64_t const at = int8_or(table, i, 3, kAlways, &null);
            text* const query = DatumGetTextPP(column(table, i, 4, &null));
            engine([=] {
                CountedTerms const counted =
                    count_terms(config, {VARDATA_ANY(query), VARSIZE_ANY_EXHDR(query)}, Text{}, 0);
                archive->add_query(user, snippet, at, counted.all());
            });
        }
    });
}

void load(const Recommender& recommender, Evaluating* evaluating) {
    load_history(recommender, &evaluating->archive);
    load_queries(recommender, &evaluating->archive);
}

void read_replay(const Recommender& recommender, const char* algorithm, const Jsonb* params,
                 ReplayOptions* replay) {
    auto const param = [&](const char* name) { return param_number(recommender, name); };
    replay->fixed_weights = read_signal_weights(recommender, nullptr, &replay->ranking);
    replay->trending_half_life = param_number(params, "trending_half_life");
    replay->history = static_cast<std::size_t>(param("history"));
    replay->profile_terms = static_cast<std::size_t>(param("profile_terms"));
    replay->fit.targets = static_cast<std::int32_t>(param_number(params, "neighbours"));
    replay->fit.threads = settings::threads;
    replay->seek_weights = param("validation_rows") > 0;
    if (const Baseline* const baseline = find_baseline(algorithm)) {
        rank_by(*baseline, replay->ranking);
        replay->seek_weights = false;
    }
    if (!learns_matrix(algorithm)) {
        return;
    }
    engine([&] { replay->learner = &find_learner(algorithm); });
    for (const knowhow::Parameter& parameter : replay->learner->parameters()) {
        double const value = param_number(params, parameter.name.data());
        engine([&] { replay->learner_parameters.emplace_back(parameter.name, value); });
    }
}

void require_trained(const Recommender& recommender, const char* algorithm) {
    if (strcmp(algorithm, "user_knn") == 0) {
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("recommender \"%s\" cannot be evaluated: user_knn trains no model",
                        recommender.name),
                 errhint("Evaluate a recommender over the same tables with another algorithm.")));
    }
}

void read_options(const Recommender& recommender, Evaluating* evaluating) {
    require_trained(recommender, recommender.algorithm);
    read_replay(recommender, recommender.algorithm, recommender.params, &evaluating->replay);
    evaluating->options.clock = GetCurrentTransactionStartTimestamp();
}

}  // namespace knowhow::server
