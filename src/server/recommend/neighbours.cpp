#include "server/recommend/neighbours.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <executor/spi.h>
}

#include <algorithm>
#include <limits>
#include <optional>

#include "server/model/writer.hpp"
#include "server/module.hpp"
#include "server/recommend/statement.hpp"

namespace knowhow::server {
namespace {

// The engine's side of the computation, owned by the call's memory context.
struct Work {
    Work() : budget(static_cast<std::size_t>(settings::max_memory) * 1024) {}
    MemoryBudget budget;
    InterruptMonitor monitor;
    std::optional<NeighbourSearch> search;
    std::optional<std::pmr::vector<std::int64_t>> users;
    std::optional<std::pmr::vector<Neighbour>> nearest;
    std::optional<NeighbourScores> sums;
    std::optional<std::pmr::vector<NeighbourScore>> scores;
};

// SELECT <columns> of user_id, snippet_id and rating WHERE <column> = ANY (ids) <rest>. Ratings of
// the same person and snippet, which a bound view may hold, add up; one that is no finite number
// does not count, as it does not in anybody's history.
SPITupleTable* ratings_where(const Request* request, const char* columns, const char* column,
                             const std::int64_t* ids, std::size_t count, const char* rest) {
    const Recommender* recommender = request->recommender;
    bool const rated = OidIsValid(recommender->ratings);
    Statement statement;
    begin_statement(&statement, "SELECT ");
    append_sql(&statement, columns);
    append_sql(&statement, " FROM (SELECT user_id::int8 AS user_id, snippet_id::int8 AS snippet_id, sum(");
    append_sql(&statement, rated ? "rating" : "weight");
    append_sql(&statement, "::float8) AS rating FROM ");
    append_relation(&statement, rated ? recommender->ratings : recommender->interactions);
    append_sql(&statement, " WHERE ");
    append_sql(&statement, column);
    append_sql(&statement, " = ANY (");
    append_parameter(&statement, INT8ARRAYOID, int8_array(ids, static_cast<int>(count)));
    append_sql(&statement,
               ") AND user_id IS NOT NULL AND snippet_id IS NOT NULL GROUP BY 1, 2) r "
               "WHERE rating > '-Infinity' AND rating < 'Infinity'");
    append_sql(&statement, rest);
    return run_statement(&statement);
}

template <typename Take>
void for_each_row(SPITupleTable* rows, Take take) {
    for (std::uint64_t i = 0; i < rows->numvals; ++i) {
        take(int8_column(rows, i, 1), int8_column(rows, i, 2), float8_column(rows, i, 3, 0));
    }
    SPI_freetuptable(rows);
}

}  // namespace

NeighbourResult neighbour_scores(const Request* request, int k) {
    NeighbourResult result = {};
    std::int64_t const person =
        request->has_user ? request->user_id : std::numeric_limits<std::int64_t>::min();
    ItemWeight* own = nullptr;
    std::size_t own_count = 0;
    if (request->history != nullptr) {
        own = static_cast<ItemWeight*>(
            palloc(sizeof(ItemWeight) * static_cast<std::size_t>(request->history_count) + 1));
        for (int i = 0; i < request->history_count; ++i) {
            own[i] = {request->history[i], 1};
        }
        std::sort(own, own + request->history_count,
                  [](const ItemWeight& l, const ItemWeight& r) { return l.item < r.item; });
        ItemWeight* end =
            std::unique(own, own + request->history_count,
                        [](const ItemWeight& l, const ItemWeight& r) { return l.item == r.item; });
        own_count = static_cast<std::size_t>(end - own);
    } else if (request->has_user) {
        SPITupleTable* rows =
            ratings_where(request, "user_id, snippet_id, rating", "user_id", &person, 1, "");
        own = static_cast<ItemWeight*>(palloc(sizeof(ItemWeight) * rows->numvals + 1));
        for_each_row(rows, [&](std::int64_t, std::int64_t item, double rating) {
            own[own_count++] = {item, rating};
        });
    }
    if (own_count == 0) {
        return result;
    }
    std::int64_t* items = static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * own_count));
    for (std::size_t i = 0; i < own_count; ++i) {
        items[i] = own[i].item;
    }
    std::sort(items, items + own_count);

    Work* work = adopt(CurrentMemoryContext, std::make_unique<Work>());
    work->search.emplace(person, std::span(own, own_count), work->monitor, work->budget);
    for_each_row(
        ratings_where(request, "user_id, snippet_id, rating", "snippet_id", items, own_count, ""),
        [&](std::int64_t user, std::int64_t item, double rating) {
            work->search->add(user, item, rating);
        });
    work->users.emplace(work->search->users());
    for_each_row(ratings_where(request, "user_id, 0::int8, sum(rating * rating)", "user_id",
                               work->users->data(), work->users->size(), " GROUP BY user_id"),
                 [&](std::int64_t user, std::int64_t, double squares) {
                     work->search->set_squared_norm(user, squares);
                 });
    work->nearest.emplace(work->search->nearest(static_cast<std::size_t>(k)));
    work->search.reset();

    work->sums.emplace(*work->nearest, work->monitor, work->budget);
    std::int64_t* nearest =
        static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * work->nearest->size() + 1));
    for (std::size_t i = 0; i < work->nearest->size(); ++i) {
        nearest[i] = (*work->nearest)[i].user;
    }
    for_each_row(ratings_where(request, "user_id, snippet_id, rating", "user_id", nearest,
                               work->nearest->size(), ""),
                 [&](std::int64_t user, std::int64_t item, double rating) {
                     work->sums->add(user, item, rating);
                 });
    work->scores.emplace(work->sums->scores());
    for (const NeighbourScore& score : *work->scores) {
        if (std::binary_search(items, items + own_count, score.item)) {
            result.largest_own = std::max(result.largest_own, score.score);
        }
    }
    std::sort(work->scores->begin(), work->scores->end(),
              [](const NeighbourScore& l, const NeighbourScore& r) {
                  return l.score != r.score ? l.score > r.score : l.item < r.item;
              });
    result.scores = work->scores->data();
    result.count = work->scores->size();
    result.nearest = work->nearest->data();
    result.nearest_count = work->nearest->size();
    return result;
}

const Reader* readers_of(const Request* request, const NeighbourResult& result,
                         std::int64_t snippet_id, std::size_t* count) {
    *count = 0;
    std::size_t const most = result.nearest_count;
    if (most == 0) {
        return nullptr;
    }
    std::int64_t* users = static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * most + 1));
    Reader* readers = static_cast<Reader*>(palloc(sizeof(Reader) * most + 1));
    for (std::size_t i = 0; i < most; ++i) {
        users[i] = result.nearest[i].user;
    }
    std::int64_t* const end = users + most;
    for_each_row(ratings_where(request, "user_id, snippet_id, rating", "snippet_id", &snippet_id,
                               1, ""),
                 [&](std::int64_t user, std::int64_t, double rating) {
                     const std::int64_t* const found = std::find(users, end, user);
                     if (found != end) {
                         readers[(*count)++] = {user, result.nearest[found - users].similarity,
                                                rating};
                     }
                 });
    return readers;
}

}  // namespace knowhow::server
