#include "server/recommend/serving.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <utils/array.h>
}

#include <algorithm>

#include "server/model/writer.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

// Positions that are looked up at once, at most.
constexpr std::size_t kMostPositionsAtOnce = 1 << 20;

// Terms of the profile by which snippets are looked for; all of them count where these are ranked. The
// time of a search grows with its terms, and behind the strongest the others change few places.
constexpr std::size_t kSearchedTerms = 32;

// Snippets of one source that are looked at in one statement, for each that is wanted.
constexpr std::int64_t kMostAtOnce = 8;

// Rows of labels that are read to find snippets that carry them, at most.
constexpr std::int64_t kLabelRows = 1000;

// How many rows of labels are read at once, at most: so many for each snippet that is wanted, and for each
// row that the model says there is.
constexpr std::int64_t kMostBearing = 10;
constexpr std::int64_t kMostBearingOfRow = 2;

std::int64_t* allocate_ids(std::uint64_t count) {
    return static_cast<std::int64_t*>(palloc(sizeof(std::int64_t) * count + 1));
}

// The present source found the snippet, be it as the first or not.
void note_found(Serving& serving, std::int64_t id) {
    if (serving.request->explained != nullptr && id == *serving.request->explained) {
        serving.found_by |= 1U << serving.source;
    }
}

// Adds the first `most`; returns how many they were. The rows stay: candidates are views of them.
std::int64_t add_candidates(Serving& serving, SPITupleTable* rows, std::int64_t most) {
    std::uint64_t const count = std::min<std::uint64_t>(rows->numvals, static_cast<std::uint64_t>(most));
    for (std::uint64_t i = 0; i < count; ++i) {
        CHECK_FOR_INTERRUPTS();
        DescribedRow const row = described_row(rows, i);
        if (serving.ranking->add(row.id)) {
            serving.ranking->describe(row.id, row.title, row.content);
            if (row.age >= 0) {
                serving.ranking->set_age(row.id, row.age);
            }
        }
        note_found(serving, row.id);
    }
    return static_cast<std::int64_t>(count);
}

// Adds those of `ids` that pass the filters and are not excluded; returns how many they were. What is
// a candidate already has passed, and is not read again.
std::int64_t add_allowed(Serving& serving, std::int64_t* ids, int count) {
    std::int64_t known = 0;
    std::int64_t* const end = std::remove_if(ids, ids + count, [&](std::int64_t id) {
        if (serving.ranking->contains(id)) {
            note_found(serving, id);
            ++known;
            return true;
        }
        return is_excluded(serving.sources, id);
    });
    if (end == ids) {
        return known;
    }
    SPITupleTable* const rows =
        allowed(serving.sources, int8_array(ids, static_cast<int>(end - ids)));
    return known + add_candidates(serving, rows, end - ids);
}

// Adds those snippets at model positions that pass the filters; returns how many did.
std::int64_t add_positions(Serving& serving, const std::int32_t* positions, std::size_t count) {
    // Blocks are read in the order of positions, each once.
    std::int32_t* sorted = static_cast<std::int32_t*>(palloc(sizeof(std::int32_t) * count + 1));
    std::copy_n(positions, count, sorted);
    std::sort(sorted, sorted + count);
    std::int64_t* const ids = allocate_ids(count);
    int known = 0;
    PositionBlock block = {};
    bool have_block = false;
    for (std::size_t i = 0; i < count; ++i) {
        CHECK_FOR_INTERRUPTS();
        std::int32_t const number = sorted[i] / kPositionsPerBlock;
        if (!have_block || block.first_position / kPositionsPerBlock != number) {
            have_block = read_block(serving.reader, number, &block);
        }
        std::int32_t const offset = sorted[i] % kPositionsPerBlock;
        if (have_block && offset >= 0 && offset < block.count) {
            ids[known++] = block.snippet_ids[offset];
        }
    }
    std::int64_t const found = add_allowed(serving, ids, known);
    CHECK_FOR_INTERRUPTS();
    return found;
}

// Best first, until as many as are wanted have passed the filters: at first what is wanted, then what is
// missing (a sixteenth of what is wanted, if that is more), doubled each round where few pass, up to
// kMostAtOnce times what is wanted. add(first, size) adds these of `count` and returns how many passed.
template <typename Add>
void add_until_enough(const Serving& serving, std::size_t count, Add add) {
    std::int64_t chunk = serving.wanted;
    std::int64_t found = 0;
    for (std::size_t first = 0, round = 0; first < count && found < serving.wanted; ++round) {
        std::size_t const size = std::min(static_cast<std::size_t>(chunk), count - first);
        found += add(first, size);
        first += size;
        chunk = std::max(serving.wanted / 16, serving.wanted - found)
                << std::min(round, std::size_t{8});
        chunk = std::min(chunk, kMostAtOnce * serving.wanted);
    }
}

void add_by_profile(Serving& serving) {
    const std::vector<TermWeight>& terms =
        *adopt(CurrentMemoryContext, std::make_unique<std::vector<TermWeight>>(
                                         serving.person->strongest_of_profile(kSearchedTerms)));
    if (!terms.empty()) {
        add_candidates(serving,
                       nearest_by_content(serving.sources, tfidf_datum(terms), serving.wanted,
                                          serving.person->items().size()),
                       serving.wanted);
    }
}

void add_collaborative(Serving& serving) {
    Person* const person = serving.person;
    person->add_up_positions();
    add_until_enough(serving, person->liked_positions(), [&](std::size_t first, std::size_t size) {
        std::int32_t* const positions =
            static_cast<std::int32_t*>(palloc(sizeof(std::int32_t) * size + 1));
        std::ranges::transform(person->best_positions(first + size).subspan(first), positions,
                               &PositionScore::position);
        return add_positions(serving, positions, size);
    });
}

void add_neighbours(Serving& serving) {
    serving.neighbours =
        neighbour_scores(serving.request, static_cast<int>(param(serving, "k")));
    const NeighbourScore* const scores = serving.neighbours.scores;
    std::size_t const liked = static_cast<std::size_t>(
        std::partition_point(scores, scores + serving.neighbours.count,
                             [](const NeighbourScore& score) { return score.score > 0; }) -
        scores);
    add_until_enough(serving, liked, [&](std::size_t first, std::size_t size) {
        std::int64_t* const ids = allocate_ids(size);
        std::transform(scores + first, scores + first + size, ids,
                       [](const NeighbourScore& score) { return score.item; });
        return add_allowed(serving, ids, static_cast<int>(size));
    });
}

// How many rows of labels lead to candidates, about.
std::int64_t label_rows(const Serving& serving) {
    return std::max(kLabelRows, serving.wanted);
}

// Those of the liked labels, most liked first, that together stand in about label_rows() snippets: a
// topic of half the company leads to nothing in particular, and reading whom it concerns would take
// longer than the rest of the request.
std::vector<Share>* telling_labels(const Serving& serving) {
    const std::vector<std::string_view>& names = serving.person->labels();
    std::vector<Share>* const telling =
        adopt(CurrentMemoryContext, std::make_unique<std::vector<Share>>());
    std::int64_t rows = label_rows(serving);
    for (const Share& label : serving.person->liked_labels()) {
        auto const place = std::lower_bound(names.begin(), names.end(), label.name);
        std::int64_t const count =
            serving.label_counts[static_cast<std::size_t>(place - names.begin())];
        if (count <= rows) {
            rows -= count;
            telling->push_back(label);
        }
    }
    return telling;
}

// A snippet and one of the liked labels that it bears, by number from 1.
struct Bearer {
    std::int64_t id;
    std::int64_t label;
    double affinity;
};

// Adds up what each snippet is liked for its labels, and leaves the snippets best first; returns how
// many they are.
std::int64_t add_up_bearers(Bearer* bearers, std::int64_t rows, const std::vector<Share>& liked) {
    std::sort(bearers, bearers + rows, [](const Bearer& left, const Bearer& right) {
        return left.id != right.id ? left.id < right.id : left.label < right.label;
    });
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
        CHECK_FOR_INTERRUPTS();
        double const affinity = liked[static_cast<std::size_t>(bearers[i].label - 1)].value;
        if (count > 0 && bearers[count - 1].id == bearers[i].id) {
            bearers[count - 1].affinity += affinity;
        } else {
            bearers[count++] = {bearers[i].id, 0, affinity};
        }
    }
    std::sort(bearers, bearers + count, [](const Bearer& left, const Bearer& right) {
        return left.affinity != right.affinity ? left.affinity > right.affinity : left.id < right.id;
    });
    return count;
}

// The snippets that `rows` of bearing_labels() name, best first; *count is set.
std::int64_t* best_bearers(SPITupleTable* rows, const std::vector<Share>& liked, std::int64_t* count) {
    std::int64_t const pairs = static_cast<std::int64_t>(rows->numvals);
    Bearer* const bearers = static_cast<Bearer*>(palloc(sizeof(Bearer) * rows->numvals + 1));
    for (std::int64_t i = 0; i < pairs; ++i) {
        std::uint64_t const row = static_cast<std::uint64_t>(i);
        bearers[i] = {int8_column(rows, row, 1), int8_column(rows, row, 2), 0};
    }
    *count = add_up_bearers(bearers, pairs, liked);
    std::int64_t* const ids = allocate_ids(rows->numvals);
    std::transform(bearers, bearers + *count, ids, [](const Bearer& bearer) { return bearer.id; });
    return ids;
}

// The same of those that pass the filters, found by PostgreSQL.
std::int64_t* best_allowed_bearers(const Serving& serving, Datum labels, const std::vector<Share>& liked,
                                   std::int64_t* count) {
    Datum* const values = static_cast<Datum*>(palloc(sizeof(Datum) * liked.size()));
    std::ranges::transform(liked, values,
                           [](const Share& label) { return Float8GetDatum(label.value); });
    Datum const affinities = PointerGetDatum(construct_array(
        values, static_cast<int>(liked.size()), FLOAT8OID, 8, true, TYPALIGN_DOUBLE));
    SPITupleTable* const rows =
        allowed_bearing_labels(serving.sources, labels, affinities, serving.wanted);
    *count = static_cast<std::int64_t>(rows->numvals);
    std::int64_t* const ids = allocate_ids(rows->numvals);
    for (std::uint64_t i = 0; i < rows->numvals; ++i) {
        ids[i] = int8_column(rows, i, 1);
    }
    SPI_freetuptable(rows);
    return ids;
}

void add_by_labels(Serving& serving) {
    const std::vector<Share>& liked = *telling_labels(serving);
    if (liked.empty()) {
        return;
    }
    Datum* const names = static_cast<Datum*>(palloc(sizeof(Datum) * liked.size()));
    std::ranges::transform(liked, names, [](const Share& label) {
        return PointerGetDatum(
            cstring_to_text_with_len(label.name.data(), static_cast<int>(label.name.size())));
    });
    Datum const labels = PointerGetDatum(construct_array(
        names, static_cast<int>(liked.size()), TEXTOID, -1, false, TYPALIGN_INT));
    // By the model's counts about label_rows() bear them. What is new since it was trained, or all there is
    // where nothing is trained, may be any number: then PostgreSQL looks for what passes.
    std::int64_t const most =
        std::max(kMostBearing * serving.wanted, kMostBearingOfRow * label_rows(serving));
    SPITupleTable* const rows = bearing_labels(serving.sources, labels, most);
    std::int64_t count = 0;
    std::int64_t* const ids = static_cast<std::int64_t>(rows->numvals) < most
                                  ? best_bearers(rows, liked, &count)
                                  : best_allowed_bearers(serving, labels, liked, &count);
    SPI_freetuptable(rows);
    add_until_enough(serving, static_cast<std::size_t>(count), [&](std::size_t first, std::size_t size) {
        return add_allowed(serving, ids + first, static_cast<int>(size));
    });
}

void add_linked(Serving& serving) {
    std::vector<std::int64_t>* const reached = adopt(
        CurrentMemoryContext, std::make_unique<std::vector<std::int64_t>>(serving.walk->reached()));
    add_until_enough(serving, reached->size(), [&](std::size_t first, std::size_t size) {
        return add_allowed(serving, reached->data() + first, static_cast<int>(size));
    });
}

// For a person of whom nothing is known.
void add_team(Serving& serving) {
    const Request* request = serving.request;
    if (!serving.person->empty() || request->history != nullptr || !request->has_user) {
        return;
    }
    serving.team = liked_in_team(serving.sources);
    std::size_t const count =
        serving.team == nullptr ? 0 : static_cast<std::size_t>(serving.team->numvals);
    std::int64_t* const ids = allocate_ids(count);
    for (std::size_t i = 0; i < count; ++i) {
        ids[i] = int8_column(serving.team, i, 1);
    }
    add_until_enough(serving, count, [&](std::size_t first, std::size_t size) {
        return add_allowed(serving, ids + first, static_cast<int>(size));
    });
}

// The best by popularity or by trend.
void add_in_demand(Serving& serving, const std::int32_t* PositionBlock::*order) {
    std::size_t chunk = static_cast<std::size_t>(serving.wanted);
    std::int64_t found = 0;
    bool more = true;
    for (std::int32_t number = 0; more && found < serving.wanted;
         chunk = std::min(chunk * 4, kMostPositionsAtOnce)) {
        std::int32_t* positions = static_cast<std::int32_t*>(
            palloc(sizeof(std::int32_t) * (chunk + kPositionsPerBlock)));
        std::size_t count = 0;
        PositionBlock block;
        while (count < chunk && (more = read_block(serving.reader, number, &block))) {
            ++number;
            int const most = std::min(block.count, kPositionsPerBlock);
            std::copy_n(block.*order, most, positions + count);
            count += static_cast<std::size_t>(most);
        }
        found += add_positions(serving, positions, count);
    }
}

}  // namespace

void collect_candidates(Serving& serving, Datum query) {
    serving.source = kText;
    if (query != 0) {
        add_candidates(serving,
                       nearest_by_content(serving.sources, query, serving.wanted,
                                          static_cast<std::size_t>(serving.wanted) / 16),
                       serving.wanted);
    }
    serving.parts.end(Part::kText);
    if (serving.request->mode == Mode::kSearch) {
        return;
    }
    if (!serving.person->empty()) {
        serving.source = kProfile;
        add_by_profile(serving);
        serving.parts.end(Part::kProfile);
        serving.source = kCollaborative;
        if (uses_neighbours(serving)) {
            add_neighbours(serving);
        } else if (serving.reader != nullptr) {
            add_collaborative(serving);
        }
        serving.parts.end(Part::kCollaborative);
        serving.source = knowhow::kLabels;   // the signals, not the roles
        if (OidIsValid(serving.recommender->labels)) {
            add_by_labels(serving);
        }
        serving.parts.end(Part::kLabels);
        serving.source = knowhow::kLinks;
        if (serving.walk != nullptr) {
            add_linked(serving);
        }
    }
    if (serving.request->mode == Mode::kRecommend) {
        serving.source = kTeam;
        add_team(serving);
        serving.source = kPopularity;
        if (serving.reader != nullptr) {
            add_in_demand(serving, &PositionBlock::by_popularity);
            if (serving.options.fusion.trending_weight > 0) {
                serving.source = kTrending;
                add_in_demand(serving, &PositionBlock::by_trending);
            }
        }
        serving.source = kFreshness;
        add_candidates(serving, newest(serving.sources, serving.wanted), serving.wanted);
    }
    serving.parts.end(Part::kOthers);
}

void add_explained(Serving& serving) {
    unsigned const found_by = serving.found_by;
    add_candidates(serving, shown(serving.sources, int8_array(serving.request->explained, 1)), 1);
    serving.found_by = found_by;
}

}  // namespace knowhow::server
