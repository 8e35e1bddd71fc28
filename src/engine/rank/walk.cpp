#include "engine/rank/walk.hpp"

#include <algorithm>
#include <string>
#include <tuple>

namespace knowhow {
namespace {

constexpr double kStay = 0.5;
constexpr double kOnward = 0.25;   // over a link; and as much over a label

auto order_of(const Link& link) {
    return std::tuple(link.at, link.other, link.kind, link.forward);
}

// Sums must not depend on the order in which links are handed over.
std::vector<Link> sorted(std::span<const Link> links) {
    std::vector<Link> result;
    for (const Link& link : links) {
        if (link.at != link.other) {
            result.push_back(link);
        }
    }
    std::sort(result.begin(), result.end(),
              [](const Link& l, const Link& r) { return order_of(l) < order_of(r); });
    return result;
}

std::unordered_map<std::int64_t, double> count_by_end(const std::vector<Link>& links) {
    std::unordered_map<std::int64_t, double> counts;
    for (const Link& link : links) {
        ++counts[link.at];
    }
    return counts;
}

// The ids of largest mass first, then by id; at most `most`.
std::vector<std::int64_t> strongest(const std::unordered_map<std::int64_t, double>& mass,
                                    std::size_t most) {
    std::vector<std::pair<std::int64_t, double>> order(mass.begin(), mass.end());
    std::sort(order.begin(), order.end(), [](const auto& l, const auto& r) {
        return l.second != r.second ? l.second > r.second : l.first < r.first;
    });
    std::vector<std::int64_t> result;
    for (const auto& [id, value] : order) {
        if (result.size() == most) {
            break;
        }
        result.push_back(id);
    }
    return result;
}

}  // namespace

void append_path(json::Object& object, const WalkPath& path) {
    object.key("snippet_id") += std::to_string(path.start->id);
    json::append_string(object.key("title"), path.start->title);
    json::append_string(object.key("kind"), path.first.kind);
    object.key("forward") += path.first.forward ? "true" : "false";
    if (path.second.kind.data() != nullptr || !path.label.empty()) {
        object.key("over") += std::to_string(path.first.other);
    }
    if (path.second.kind.data() != nullptr) {
        json::append_string(object.key("then"), path.second.kind);
    }
    if (!path.label.empty()) {
        json::append_string(object.key("label"), path.label);
    }
}

Walk::Walk(const Person& person) : person_(person) {
    const std::vector<HistoryItem>& items = person.items();
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].weight > 0) {
            starts_.push_back(i);
        }
    }
    // Newest first among equals, as the history is.
    std::stable_sort(starts_.begin(), starts_.end(), [&](std::size_t l, std::size_t r) {
        return items[l].weight > items[r].weight;
    });
    starts_.resize(std::min(starts_.size(), kMostWalked));
    for (std::size_t i : starts_) {
        weight_ += items[i].weight;
    }
}

std::vector<std::int64_t> Walk::starts() const {
    std::vector<std::int64_t> ids;
    for (std::size_t i : starts_) {
        ids.push_back(person_.items()[i].id);
    }
    return ids;
}

void Walk::add_first(std::span<const Link> links) {
    const std::vector<Link> all = sorted(links);
    auto counts = count_by_end(all);
    std::unordered_map<std::int64_t, std::size_t> item_of;
    for (std::size_t i : starts_) {
        item_of.emplace(person_.items()[i].id, i);
    }
    for (const Link& link : all) {
        const auto found = item_of.find(link.at);
        if (found == item_of.end()) {
            continue;
        }
        const double mass =
            person_.items()[found->second].weight / weight_ / counts[link.at];
        firsts_to_[link.other].push_back(firsts_.size());
        firsts_.push_back({found->second, link, mass});
        mass_[link.other] += mass;
        if (link.kind == "duplicate") {
            duplicates_.insert(link.other);
        }
    }
    seconds_ = strongest(mass_, kMostWalked);
}

double Walk::mass_at(std::int64_t id) const {
    const auto found = mass_.find(id);
    return found == mass_.end() ? 0 : found->second;
}

void Walk::add_second(std::span<const Link> links) {
    const std::vector<Link> all = sorted(links);
    auto counts = count_by_end(all);
    for (const Link& link : all) {
        const double step = 1 / counts[link.at];
        seconds_to_[link.other].push_back({link, step});
        second_mass_[link.other] += mass_at(link.at) * step;
    }
}

void Walk::add_label(std::int64_t id, std::string_view label) {
    labels_of_[id].push_back(label);
}

const std::vector<std::string_view>& Walk::collect_labels() {
    labels_.clear();
    for (auto& [id, labels] : labels_of_) {
        keep_distinct(labels);
        labels_.insert(labels_.end(), labels.begin(), labels.end());
    }
    keep_distinct(labels_);
    return labels_;
}

void Walk::set_label_counts(std::span<const std::int64_t> counts) {
    for (std::size_t i = 0; i < labels_.size(); ++i) {
        label_step_[labels_[i]] =
            1 / static_cast<double>(std::max<std::int64_t>(counts[i], 1));
    }
    for (std::int64_t id : seconds_) {
        const auto found = labels_of_.find(id);
        if (found == labels_of_.end()) {
            continue;
        }
        const double each = mass_at(id) / static_cast<double>(found->second.size());
        for (std::string_view label : found->second) {
            label_mass_[label] += each * label_step_[label];
            bearers_[label].push_back(id);
        }
    }
}

std::vector<std::int64_t> Walk::reached() const {
    std::unordered_map<std::int64_t, double> ends;
    for (const auto& [id, mass] : mass_) {
        ends[id] += kStay * mass;
    }
    for (const auto& [id, mass] : second_mass_) {
        ends[id] += kOnward * mass;
    }
    for (std::int64_t id : duplicates_) {
        ends.erase(id);
    }
    return strongest(ends, ends.size());
}

double Walk::score(std::int64_t id, std::span<const std::string_view> labels) const {
    if (duplicates_.contains(id)) {
        return 0;
    }
    double score = kStay * mass_at(id);
    if (const auto found = second_mass_.find(id); found != second_mass_.end()) {
        score += kOnward * found->second;
    }
    for (std::string_view label : labels) {
        if (const auto found = label_mass_.find(label); found != label_mass_.end()) {
            score += kOnward * found->second;
        }
    }
    return score;
}

double Walk::largest_on_history() const {
    double largest = 0;
    for (const HistoryItem& item : person_.items()) {
        largest = std::max(largest, score(item.id, item.labels));
    }
    return largest;
}

std::vector<WalkPath> Walk::paths(std::int64_t id,
                                  std::span<const std::string_view> labels) const {
    std::vector<WalkPath> result;
    if (duplicates_.contains(id)) {
        return result;
    }
    // Every first step to `at`, and then on to the end with probability `step`.
    const auto add = [&](std::int64_t at, double step, const Link& second,
                         std::string_view label) {
        const auto found = firsts_to_.find(at);
        if (found == firsts_to_.end()) {
            return;
        }
        for (std::size_t index : found->second) {
            const First& first = firsts_[index];
            result.push_back({&person_.items()[first.item], first.link, second, label,
                              first.mass * step});
        }
    };
    add(id, kStay, {}, {});
    if (const auto found = seconds_to_.find(id); found != seconds_to_.end()) {
        for (const Second& second : found->second) {
            add(second.link.at, kOnward * second.step, second.link, {});
        }
    }
    for (std::string_view label : labels) {
        if (const auto found = bearers_.find(label); found != bearers_.end()) {
            for (std::int64_t bearer : found->second) {
                const double each = 1 / static_cast<double>(labels_of_.at(bearer).size());
                add(bearer, kOnward * each * label_step_.at(label), {}, label);
            }
        }
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const WalkPath& l, const WalkPath& r) { return l.value > r.value; });
    return result;
}

}  // namespace knowhow
