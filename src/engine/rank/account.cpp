// How one snippet fares: each signal with its weight, what it adds, and the rows it comes from.
#include <algorithm>
#include <cmath>

#include "engine/rank/json.hpp"
#include "engine/rank/ranking.hpp"

namespace knowhow {
namespace {

using json::append_number;
using json::append_string;

// Calls write(row, object) for each row, by descending value; `value` is a member of all rows.
template <typename Row, typename Write>
std::string rows_by_value(std::vector<Row> rows, Write write) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& left, const Row& right) { return left.value > right.value; });
    std::string result;
    {
        json::Array array(result);
        for (const Row& row : rows) {
            array.next();
            json::Object object(result);
            write(row, object);
            append_number(object.key("value"), row.value);
        }
    }
    return result;
}

// Something that two sides have in common: a term or a label.
struct CommonRow {
    std::string_view name;
    double left;
    double right;
    double value;
};

std::string common_rows(std::vector<CommonRow> rows, const char* name, const char* left) {
    return rows_by_value(std::move(rows), [=](const CommonRow& row, json::Object& object) {
        append_string(object.key(name), row.name);
        append_number(object.key(left), row.left);
        append_number(object.key("snippet"), row.right);
    });
}

std::string text_rows(VectorView query, VectorView content) {
    std::vector<CommonRow> rows;
    for (std::uint32_t i = 0; i < query.size(); ++i) {
        std::int64_t const at = content.find(query.term(i));
        if (at >= 0) {
            double const left = query.weight(i);
            double const right = content.weight(static_cast<std::uint32_t>(at));
            rows.push_back({query.term(i), left, right, left * right});
        }
    }
    return common_rows(std::move(rows), "term", "query");
}

std::string profile_rows(const Person& person, VectorView content) {
    double const norm = std::sqrt(squared_norm(content));
    double const scale = norm > 0 ? 1 / std::sqrt(norm) : 0;
    std::vector<CommonRow> rows;
    for (const TermWeight& term : person.profile()) {
        std::int64_t const at = content.find(term.term);
        if (at >= 0) {
            double const right = content.weight(static_cast<std::uint32_t>(at)) * scale;
            rows.push_back({term.term, term.weight, right, term.weight * right});
        }
    }
    return common_rows(std::move(rows), "term", "person");
}

std::string label_rows(const Person& person, std::span<const std::string_view> labels,
                       std::span<const double> idf) {
    double squares = 0;
    for (double value : idf) {
        squares += value * value;
    }
    double const scale = squares > 0 ? 1 / std::sqrt(std::sqrt(squares)) : 0;
    std::vector<CommonRow> rows;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        double const affinity = person.label_affinity(labels[i]);
        if (affinity != 0) {
            rows.push_back({labels[i], affinity, idf[i] * scale, affinity * idf[i] * scale});
        }
    }
    return common_rows(std::move(rows), "label", "person");
}

struct ItemValue {
    const HistoryItem* item;
    double similarity;
    double value;
};

std::string item_rows(const Person& person, std::int32_t position) {
    std::vector<ItemValue> rows;
    for (const HistoryItem& item : person.items()) {
        for (std::size_t i = 0; position >= 0 && i < item.targets.size(); ++i) {
            double const similarity = static_cast<double>(item.target_weights[i]);
            if (item.targets[i] == position && std::isfinite(item.weight * similarity)) {
                rows.push_back({&item, similarity, item.weight * similarity});
            }
        }
    }
    return rows_by_value(std::move(rows), [](const ItemValue& row, json::Object& object) {
        object.key("snippet_id") += std::to_string(row.item->id);
        append_string(object.key("title"), row.item->title);
        append_number(object.key("weight"), row.item->weight);
        append_number(object.key("similarity"), row.similarity);
    });
}

struct ReaderValue {
    const Reader* reader;
    double value;
};

std::string reader_rows(std::span<const Reader> readers) {
    std::vector<ReaderValue> rows;
    for (const Reader& reader : readers) {
        rows.push_back({&reader, reader.similarity * reader.rating});
    }
    return rows_by_value(std::move(rows), [](const ReaderValue& row, json::Object& object) {
        object.key("user_id") += std::to_string(row.reader->user_id);
        append_number(object.key("similarity"), row.reader->similarity);
        append_number(object.key("rating"), row.reader->rating);
    });
}

std::string path_rows(const std::vector<WalkPath>& paths) {
    return rows_by_value(paths, [](const WalkPath& path, json::Object& object) {
        append_path(object, path);
    });
}

std::string only_row(std::string_view name, double value) {
    std::string result;
    {
        json::Array array(result);
        array.next();
        json::Object object(result);
        append_number(object.key(name), value);
    }
    return result;
}

}  // namespace

double Ranking::weight_of(Signal signal) const {
    switch (signal) {
        case kText:
            return options_.fusion.text_weight;
        case kCollaborative:
            return options_.collaborative;
        case kProfile:
            return options_.profile;
        case kLabels:
            return options_.labels;
        case kLinks:
            return options_.links;
        case kTeam:
            return options_.team;
        case kPopularity:
            return options_.fusion.popularity_weight;
        case kTrending:
            return options_.fusion.trending_weight;
        case kFreshness:
            return options_.fusion.freshness_weight;
        case kSignals:
            break;
    }
    return options_.fusion.person_weight;
}

std::string Ranking::rows_of(Signal signal, const Candidate& candidate, std::int32_t model_id,
                             std::span<const Reader> readers) const {
    if (signal < kSignals && candidate.signals[signal] == 0) {
        return "[]";
    }
    std::vector<double> idf;
    switch (signal) {
        case kText:
            return text_rows(query_, candidate.content);
        case kCollaborative:
            return readers.empty() ? item_rows(person_, candidate.position) : reader_rows(readers);
        case kProfile:
            return profile_rows(person_, candidate.content);
        case kLabels:
            for (std::uint32_t place : candidate.label_places) {
                idf.push_back(label_idf_.at(place));
            }
            return label_rows(person_, candidate.labels, idf);
        case kLinks:
            return path_rows(walk_->paths(candidate.id, candidate.labels));
        case kTeam:
            return only_row("colleagues", static_cast<double>(candidate.colleagues));
        case kPopularity:
        case kTrending:
            // Of what the model does not know the rows are many people's, and are not listed.
            return candidate.position < 0 ? "[]" : only_row("model_id", model_id);
        case kFreshness:
            return only_row("days", candidate.age);
        case kSignals:
            break;
    }
    return "[]";
}

const Account* Ranking::account(std::int64_t id, std::size_t max_results, std::int32_t model_id,
                                std::span<const Reader> readers, Monitor& monitor,
                                MemoryBudget& budget) {
    score_and_fuse(monitor, budget);
    const Candidate* const wanted = find(id);
    if (wanted == nullptr || !wanted->readable) {
        return nullptr;
    }
    account_ = {};
    account_.score = wanted->score;
    account_.rank = 1;
    for (const Candidate& candidate : candidates_) {
        if (candidate.readable) {
            ++account_.candidates;
            account_.rank += ranks_before({candidate.id, candidate.score}, {id, wanted->score});
        }
    }
    std::size_t place = 0;
    for (std::size_t index : order(max_results, monitor, budget)) {
        ++place;
        if (candidates_[index].id == id) {
            account_.shown_at = place;
        }
    }
    for (int s = 0; s <= kSignals; ++s) {
        auto const signal = static_cast<Signal>(s);
        SignalAccount& part = account_.signals[s];
        if (signal < kSignals) {
            part.raw = wanted->signals[s];
            part.largest = largest_[s];
        }
        part.weight = weight_of(signal);
        part.contribution = wanted->parts[s];
        part.rows = rows_of(signal, *wanted, model_id, readers);
    }
    return &account_;
}

}  // namespace knowhow
