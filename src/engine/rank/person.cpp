#include "engine/rank/person.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "engine/rank/term_sums.hpp"

namespace knowhow {
namespace {

constexpr unsigned kPollSteps = 65536;

// Terms whose idf is asked for first, for each that is to remain.
constexpr std::size_t kFirstTerms = 4;

// Terms for which room is made at once; a history holds many of them more than once.
constexpr std::size_t kMostReserved = 1 << 14;

}  // namespace

void keep_distinct(std::vector<std::string_view>& names) {
    if (std::adjacent_find(names.begin(), names.end(), std::greater_equal<>()) == names.end()) {
        return;   // as labels mostly come, from an index that holds each once
    }
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

const std::vector<std::string_view>& Person::collect_terms(std::size_t strongest) {
    PollEvery poll(monitor_, kPollSteps);
    TermSums sums;
    std::size_t terms = 0;
    for (const HistoryItem& item : items_) {
        terms += item.content.size();
    }
    sums.reserve(std::min(terms, kMostReserved));
    for (const HistoryItem& item : items_) {
        double const scale = item.weight * item.content_scale;
        for (std::uint32_t i = 0; i < item.content.size(); ++i) {
            sums.add(item.content.term(i), scale * item.content.weight(i));
            poll.step();
        }
    }
    terms_.clear();
    sums.each([this](std::string_view name, double sum) {
        // A person is described by what they like; dislikes only lessen it.
        if (sum > 0) {
            terms_.push_back({name, sum, 0});
        }
    });
    strongest_ = strongest;
    known_terms_ = 0;
    std::size_t const first = std::min(terms_.size(), kFirstTerms * strongest);
    std::nth_element(terms_.begin(), terms_.begin() + static_cast<std::ptrdiff_t>(first), terms_.end(),
                     [&](const Term& left, const Term& right) {
                         poll.step();
                         return left.sum != right.sum ? left.sum > right.sum : left.name < right.name;
                     });
    return collect_terms_up_to(first);
}

const std::vector<std::string_view>& Person::collect_more_terms(double largest_idf) {
    std::vector<double> strengths;
    for (std::size_t t = 0; t < known_terms_; ++t) {
        strengths.push_back(terms_[t].strength());
    }
    double needed = 0;
    if (strongest_ > 0 && strengths.size() >= strongest_) {
        auto const last = strengths.begin() + static_cast<std::ptrdiff_t>(strongest_ - 1);
        std::nth_element(strengths.begin(), last, strengths.end(), std::greater<>());
        needed = *last;
    }
    auto const end = std::partition(
        terms_.begin() + static_cast<std::ptrdiff_t>(known_terms_), terms_.end(),
        [=](const Term& term) { return Term{{}, term.sum, largest_idf}.strength() >= needed; });
    return collect_terms_up_to(static_cast<std::size_t>(end - terms_.begin()));
}

const std::vector<std::string_view>& Person::collect_terms_up_to(std::size_t end) {
    known_before_ = known_terms_;
    known_terms_ = end;
    auto const place = [this](std::size_t t) {
        return terms_.begin() + static_cast<std::ptrdiff_t>(t);
    };
    std::sort(place(known_before_), place(known_terms_),
              [](const Term& left, const Term& right) { return left.name < right.name; });
    term_names_.clear();
    for (std::size_t t = known_before_; t < known_terms_; ++t) {
        term_names_.push_back(terms_[t].name);
    }
    return term_names_;
}

void Person::set_term_idf(std::span<const double> idf) {
    for (std::size_t t = known_before_; t < known_terms_; ++t) {
        terms_[t].idf = idf[t - known_before_];
    }
}

void Person::build_profile() {
    terms_.resize(known_terms_);
    if (terms_.size() > strongest_) {
        std::nth_element(terms_.begin(), terms_.begin() + static_cast<std::ptrdiff_t>(strongest_),
                         terms_.end(), [](const Term& left, const Term& right) {
                             double const l = left.strength();
                             double const r = right.strength();
                             return l != r ? l > r : left.name < right.name;
                         });
        terms_.resize(strongest_);
    }
    std::sort(terms_.begin(), terms_.end(),
              [](const Term& left, const Term& right) { return left.name < right.name; });
    profile_.clear();
    for (const Term& term : terms_) {
        double const weight = term.strength();
        float const stored = static_cast<float>(weight);
        if (stored > 0 && std::isfinite(stored)) {
            profile_.push_back({term.name, weight});
        }
    }
    prepared_profile_ = PreparedVector(profile_);
}

std::vector<TermWeight> Person::strongest_of_profile(std::size_t most) const {
    std::vector<TermWeight> strongest = profile_;
    if (most < strongest.size()) {
        std::nth_element(strongest.begin(), strongest.begin() + static_cast<std::ptrdiff_t>(most),
                         strongest.end(), [](const TermWeight& left, const TermWeight& right) {
                             return left.weight != right.weight ? left.weight > right.weight
                                                                : left.term < right.term;
                         });
        strongest.resize(most);
        std::sort(strongest.begin(), strongest.end(),
                  [](const TermWeight& left, const TermWeight& right) { return left.term < right.term; });
    }
    return strongest;
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

double label_score(std::span<const double> affinities, std::span<const double> idf) {
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < idf.size(); ++i) {
        sum += affinities[i] * idf[i];
        squares += idf[i] * idf[i];
    }
    return squares > 0 ? sum / std::sqrt(std::sqrt(squares)) : 0;
}

void Person::add_up_positions() {
    PollEvery poll(monitor_, kPollSteps);
    std::size_t targets = 0;
    for (const HistoryItem& item : items_) {
        targets += item.targets.size();
    }
    position_scores_.start(targets);
    for (const HistoryItem& item : items_) {
        for (std::size_t i = 0; i < item.targets.size(); ++i) {
            poll.step();
            double const value = item.weight * static_cast<double>(item.target_weights[i]);
            if (item.targets[i] >= 0 && std::isfinite(value)) {
                position_scores_.add(item.targets[i], value);
            }
        }
    }
    position_scores_.add_up();
    liked_positions_.clear();
    liked_positions_.reserve(position_scores_.all().size());
    std::ranges::copy_if(position_scores_.all(), std::back_inserter(liked_positions_),
                         [](const PositionScore& each) { return each.score > 0; });
    sorted_positions_ = 0;
}

std::span<const PositionScore> Person::best_positions(std::size_t most) {
    std::size_t const end = std::min(most, liked_positions_.size());
    if (end > sorted_positions_) {
        PollEvery poll(monitor_, kPollSteps);
        auto const better = [&](const PositionScore& left, const PositionScore& right) {
            poll.step();
            return left.score != right.score ? left.score > right.score
                                             : left.position < right.position;
        };
        auto const place = [this](std::size_t i) {
            return liked_positions_.begin() + static_cast<std::ptrdiff_t>(i);
        };
        std::partial_sort(place(sorted_positions_), place(end), liked_positions_.end(), better);
        sorted_positions_ = end;
    }
    return {liked_positions_.data(), end};
}

double Person::position_score(std::int32_t position) const {
    return position_scores_.sum(position);
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
