#include "engine/rank/person.hpp"

#include <algorithm>
#include <cmath>

namespace knowhow {
namespace {

constexpr unsigned kPollSteps = 65536;

}  // namespace

void keep_distinct(std::vector<std::string_view>& names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
}

HistoryItem* Person::find(std::int64_t id) {
    auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &items_[found->second];
}

void Person::add(std::int64_t id, double weight) {
    if (!std::isfinite(weight) || weight == 0) {
        return;
    }
    auto [place, added] = by_id_.try_emplace(id, items_.size());
    if (added) {
        items_.emplace_back();
        items_.back().id = id;
    }
    items_[place->second].weight += weight;
}

void Person::describe(std::int64_t id, std::string_view title, VectorView content) {
    if (HistoryItem* item = find(id)) {
        item->readable = true;
        item->title = title;
        item->content = content;
        double const norm = std::sqrt(squared_norm(content));
        item->content_scale = norm > 0 ? 1 / std::sqrt(norm) : 0;
    }
}

void Person::add_label(std::int64_t id, std::string_view label) {
    if (HistoryItem* item = find(id)) {
        item->labels.push_back(label);
    }
}

void Person::add_row(std::int64_t id, std::int32_t position,
                     std::span<const std::int32_t> targets, std::span<const float> weights) {
    if (HistoryItem* item = find(id)) {
        item->position = position;
        item->targets = targets;
        item->target_weights = weights;
    }
}

void Person::keep_readable() {
    std::erase_if(items_, [](const HistoryItem& item) { return !item.readable; });
    by_id_.clear();
    for (std::size_t i = 0; i < items_.size(); ++i) {
        by_id_.emplace(items_[i].id, i);
    }
}

const std::vector<std::string_view>& Person::collect_terms() {
    PollEvery poll(monitor_, kPollSteps);
    terms_.clear();
    for (const HistoryItem& item : items_) {
        for (std::uint32_t i = 0; i < item.content.size(); ++i) {
            terms_.push_back(item.content.term(i));
            poll.step();
        }
    }
    std::sort(terms_.begin(), terms_.end(), [&](std::string_view left, std::string_view right) {
        poll.step();
        return left < right;
    });
    terms_.erase(std::unique(terms_.begin(), terms_.end()), terms_.end());
    return terms_;
}

void Person::build_profile(std::span<const double> idf, std::size_t strongest) {
    PollEvery poll(monitor_, kPollSteps);
    std::vector<double> sums(terms_.size(), 0.0);
    for (const HistoryItem& item : items_) {
        double const scale = item.weight * item.content_scale;
        // Both sides ascend by bytes.
        std::size_t at = 0;
        for (std::uint32_t i = 0; i < item.content.size(); ++i) {
            std::string_view const term = item.content.term(i);
            at = static_cast<std::size_t>(
                std::lower_bound(terms_.begin() + static_cast<std::ptrdiff_t>(at), terms_.end(),
                                 term) -
                terms_.begin());
            sums[at] += scale * item.content.weight(i);
            poll.step();
        }
    }
    std::vector<std::size_t> order;
    for (std::size_t t = 0; t < terms_.size(); ++t) {
        // A person is described by what they like; dislikes only lessen it.
        if (sums[t] > 0) {
            order.push_back(t);
        }
    }
    auto strength = [&](std::size_t t) { return sums[t] * idf[t]; };
    if (order.size() > strongest) {
        std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(strongest),
                         order.end(), [&](std::size_t left, std::size_t right) {
                             double const l = strength(left);
                             double const r = strength(right);
                             return l != r ? l > r : left < right;
                         });
        order.resize(strongest);
    }
    std::sort(order.begin(), order.end());
    profile_.clear();
    for (std::size_t t : order) {
        // Once for the history's document, once for the candidate's, as in a tf-idf cosine.
        double const weight = strength(t) * idf[t];
        float const stored = static_cast<float>(weight);
        if (stored > 0 && std::isfinite(stored)) {
            profile_.push_back({terms_[t], weight});
        }
    }
    prepared_profile_ = PreparedVector(profile_);
}

double Person::profile_score(VectorView content) const {
    double const norm = std::sqrt(squared_norm(content));
    return norm > 0 ? prepared_profile_.dot(content) / std::sqrt(norm) : 0;
}

const std::vector<std::string_view>& Person::collect_labels() {
    labels_.clear();
    for (HistoryItem& item : items_) {
        keep_distinct(item.labels);
        labels_.insert(labels_.end(), item.labels.begin(), item.labels.end());
    }
    keep_distinct(labels_);
    label_indexes_.clear();
    for (std::size_t i = 0; i < labels_.size(); ++i) {
        label_indexes_.emplace(labels_[i], i);
    }
    return labels_;
}

void Person::build_labels(std::span<const double> idf) {
    affinities_.assign(labels_.size(), 0.0);
    label_idf_.assign(idf.begin(), idf.end());
    for (HistoryItem& item : items_) {
        double squares = 0;
        for (std::string_view label : item.labels) {
            double const value = idf[label_indexes_.at(label)];
            squares += value * value;
        }
        item.label_scale = squares > 0 ? 1 / std::sqrt(std::sqrt(squares)) : 0;
        for (std::string_view label : item.labels) {
            std::size_t const index = label_indexes_.at(label);
            affinities_[index] += item.weight * item.label_scale * idf[index];
        }
    }
    liked_.clear();
    for (std::size_t i = 0; i < affinities_.size(); ++i) {
        if (affinities_[i] > 0) {
            liked_.push_back({labels_[i], affinities_[i]});
        }
    }
    std::sort(liked_.begin(), liked_.end(), [](const Share& left, const Share& right) {
        return left.value != right.value ? left.value > right.value : left.name < right.name;
    });
}

double Person::label_affinity(std::string_view label) const {
    auto found = label_indexes_.find(label);
    if (found == label_indexes_.end() || affinities_.empty()) {
        return 0;
    }
    return affinities_[found->second];
}

double Person::label_score(std::span<const std::string_view> labels,
                           std::span<const double> idf) const {
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        sum += label_affinity(labels[i]) * idf[i];
        squares += idf[i] * idf[i];
    }
    return squares > 0 ? sum / std::sqrt(std::sqrt(squares)) : 0;
}

const std::vector<PositionScore>& Person::collect_positions() {
    PollEvery poll(monitor_, kPollSteps);
    position_scores_.clear();
    for (const HistoryItem& item : items_) {
        for (std::size_t i = 0; i < item.targets.size(); ++i) {
            poll.step();
            double const value = item.weight * static_cast<double>(item.target_weights[i]);
            if (item.targets[i] >= 0 && std::isfinite(value)) {
                position_scores_[item.targets[i]] += value;
            }
        }
    }
    positions_.clear();
    positions_.reserve(position_scores_.size());
    for (auto [position, score] : position_scores_) {
        positions_.push_back({position, score});
    }
    std::sort(positions_.begin(), positions_.end(),
              [&](const PositionScore& left, const PositionScore& right) {
                  poll.step();
                  return left.score != right.score ? left.score > right.score
                                                   : left.position < right.position;
              });
    return positions_;
}

double Person::position_score(std::int32_t position) const {
    auto found = position_scores_.find(position);
    return found == position_scores_.end() ? 0 : found->second;
}

double Person::largest_position_score() const {
    double largest = 0;
    for (const HistoryItem& item : items_) {
        largest = std::max(largest, position_score(item.position));
    }
    return largest;
}

double Person::largest_profile_score() const {
    double largest = 0;
    for (const HistoryItem& item : items_) {
        largest = std::max(largest, profile_score(item.content));
    }
    return largest;
}

double Person::largest_label_score() const {
    double largest = 0;
    for (const HistoryItem& item : items_) {
        double sum = 0;
        for (std::string_view label : item.labels) {
            std::size_t const index = label_indexes_.at(label);
            sum += affinities_[index] * label_idf_[index];
        }
        largest = std::max(largest, sum * item.label_scale);
    }
    return largest;
}

std::vector<std::pair<const HistoryItem*, double>> Person::reasons(std::int32_t position,
                                                                    std::size_t most) const {
    std::vector<std::pair<const HistoryItem*, double>> reasons;
    for (const HistoryItem& item : items_) {
        for (std::size_t i = 0; i < item.targets.size(); ++i) {
            if (item.targets[i] == position) {
                double const value = item.weight * static_cast<double>(item.target_weights[i]);
                if (value > 0 && std::isfinite(value)) {
                    reasons.emplace_back(&item, value);
                }
            }
        }
    }
    std::sort(reasons.begin(), reasons.end(), [](const auto& left, const auto& right) {
        return left.second != right.second ? left.second > right.second
                                           : left.first->id < right.first->id;
    });
    if (reasons.size() > most) {
        reasons.resize(most);
    }
    return reasons;
}

}  // namespace knowhow
