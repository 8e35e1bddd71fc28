#include "engine/rank/ranking.hpp"

#include <algorithm>
#include <cmath>

#include "engine/rank/mmr.hpp"

namespace knowhow {

std::string_view signal_name(Signal signal) {
    switch (signal) {
        case kText:
            return "text";
        case kCollaborative:
            return "collaborative";
        case kProfile:
            return "profile";
        case kLabels:
            return "labels";
        case kLinks:
            return "links";
        case kTeam:
            return "team";
        case kPopularity:
            return "popularity";
        case kTrending:
            return "trending";
        case kFreshness:
            return "freshness";
        case kSignals:
            return "no personal signal";
    }
    return "";
}

Candidate* Ranking::find(std::int64_t id) {
    auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &candidates_[found->second];
}

bool Ranking::add(std::int64_t id) {
    if (!by_id_.try_emplace(id, candidates_.size()).second) {
        return false;
    }
    candidates_.emplace_back();
    candidates_.back().id = id;
    return true;
}

const std::vector<std::int64_t>& Ranking::ids() {
    ids_.clear();
    for (const Candidate& candidate : candidates_) {
        ids_.push_back(candidate.id);
    }
    std::sort(ids_.begin(), ids_.end());
    return ids_;
}

void Ranking::describe(std::int64_t id, std::string_view title, VectorView content) {
    if (Candidate* candidate = find(id)) {
        candidate->readable = true;
        candidate->title = title;
        candidate->content = content;
    }
}

void Ranking::add_label(std::int64_t id, std::string_view label) {
    if (Candidate* candidate = find(id)) {
        candidate->labels.push_back(label);
    }
}

void Ranking::set_position(std::int64_t id, std::int32_t position, const Demand& demand) {
    if (Candidate* candidate = find(id)) {
        candidate->position = position;
        candidate->signals[kCollaborative] = person_.position_score(position);
        set_demand(*candidate, demand);
    }
}

const std::vector<std::int64_t>& Ranking::collect_unknown(std::size_t most) {
    std::vector<const Candidate*> found;
    for (const Candidate& candidate : candidates_) {
        if (candidate.position < 0) {
            found.push_back(&candidate);
        }
    }
    // Where nothing tells how old they are, later ids are taken for younger.
    const auto younger = [](const Candidate* left, const Candidate* right) {
        const bool dated = left->age >= 0;
        if (dated != (right->age >= 0)) {
            return dated;
        }
        return left->age != right->age ? left->age < right->age : left->id > right->id;
    };
    if (found.size() > most) {
        std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(most),
                         found.end(), younger);
        found.resize(most);
    }
    unknown_.clear();
    for (const Candidate* candidate : found) {
        unknown_.push_back(candidate->id);
    }
    std::sort(unknown_.begin(), unknown_.end());
    return unknown_;
}

void Ranking::add_row(std::int64_t id, TimedWeight row) {
    rows_[id].push_back(row);
}

void Ranking::add_up_rows(const Fading& fading) {
    for (std::int64_t id : unknown_) {
        if (const auto found = rows_.find(id); found != rows_.end()) {
            set_demand(*find(id), demand_of(found->second, fading));
        }
    }
    rows_.clear();
}

void Ranking::set_demand(Candidate& candidate, const Demand& demand) {
    candidate.signals[kPopularity] = demand.popularity;
    candidate.signals[kTrending] = demand.trending;
}

void Ranking::set_collaborative(std::int64_t id, double value) {
    if (Candidate* candidate = find(id)) {
        candidate->signals[kCollaborative] = value;
    }
}

void Ranking::set_age(std::int64_t id, double age) {
    if (Candidate* candidate = find(id)) {
        candidate->age = age;
    }
}

void Ranking::set_team(std::int64_t id, double weight, std::int64_t colleagues) {
    if (Candidate* candidate = find(id)) {
        candidate->signals[kTeam] = weight;
        candidate->colleagues = colleagues;
    }
}

const std::vector<std::string_view>& Ranking::collect_labels() {
    // Thousands of candidates have tens of labels each, many of them in common: each string is looked
    // at once, and from then on it is a number.
    std::unordered_map<std::string_view, std::uint32_t> places;
    for (Candidate& candidate : candidates_) {
        keep_distinct(candidate.labels);
        candidate.label_places.clear();
        for (std::string_view label : candidate.labels) {
            const auto next = static_cast<std::uint32_t>(places.size());
            candidate.label_places.push_back(places.try_emplace(label, next).first->second);
        }
    }
    std::vector<std::pair<std::string_view, std::uint32_t>> sorted(places.begin(), places.end());
    std::sort(sorted.begin(), sorted.end());
    labels_.clear();
    std::vector<std::uint32_t> moved(sorted.size());
    for (const auto& [label, place] : sorted) {
        moved[place] = static_cast<std::uint32_t>(labels_.size());
        labels_.push_back(label);
    }
    for (Candidate& candidate : candidates_) {
        for (std::uint32_t& place : candidate.label_places) {
            place = moved[place];
        }
    }
    label_idf_.assign(labels_.size(), 0);
    return labels_;
}

void Ranking::set_label_idf(std::span<const double> idf) {
    label_idf_.assign(idf.begin(), idf.end());
}

void Ranking::score(Monitor& monitor) {
    PollEvery poll(monitor, 256);
    std::vector<double> affinities;
    for (std::string_view label : labels_) {
        affinities.push_back(person_.label_affinity(label));
    }
    std::vector<double> affinity;
    std::vector<double> idf;
    // Whatever damaged rows hold, sums and quotients of signals stay finite.
    auto tame = [](double value) {
        return std::abs(value) < 1e-30 || std::isnan(value) ? 0.0 : std::clamp(value, -1e30, 1e30);
    };
    for (Candidate& candidate : candidates_) {
        poll.step();
        candidate.signals[kText] = tame(dot(query_, candidate.content));
        if (options_.text_only) {
            continue;
        }
        candidate.signals[kProfile] = tame(person_.profile_score(candidate.content));
        affinity.clear();
        idf.clear();
        for (std::uint32_t place : candidate.label_places) {
            affinity.push_back(affinities[place]);
            idf.push_back(label_idf_[place]);
        }
        candidate.signals[kLabels] = tame(label_score(affinity, idf));
        if (walk_ != nullptr) {
            candidate.signals[kLinks] = tame(walk_->score(candidate.id, candidate.labels));
        }
        candidate.signals[kTeam] = tame(candidate.signals[kTeam]);
        candidate.signals[kCollaborative] = tame(candidate.signals[kCollaborative]);
        candidate.signals[kPopularity] = tame(candidate.signals[kPopularity]);
        candidate.signals[kTrending] = tame(candidate.signals[kTrending]);
        if (candidate.age >= 0) {
            candidate.signals[kFreshness] = freshness(candidate.age, options_.freshness_half_life);
        }
    }
}

double Ranking::largest_known(Signal signal) const {
    switch (signal) {
        case kCollaborative:
            return largest_collaborative_;
        case kProfile:
            return person_.largest_profile_score();
        case kLabels:
            return person_.largest_label_score();
        case kLinks:
            return walk_ == nullptr ? 0 : walk_->largest_on_history();
        default:
            return 0;
    }
}

void Ranking::fuse(MemoryBudget& budget) {
    std::array<std::vector<double>, kSignals> values;
    for (int s = 0; s < kSignals; ++s) {
        values[s].reserve(candidates_.size());
        for (const Candidate& candidate : candidates_) {
            values[s].push_back(candidate.signals[s]);
        }
    }
    constexpr std::array kPersonal = {kCollaborative, kProfile, kLabels, kLinks, kTeam};
    const std::array<PersonalSignal, kPersonal.size()> personal = {
        {{values[kCollaborative], options_.collaborative, largest_known(kCollaborative)},
         {values[kProfile], options_.profile, largest_known(kProfile)},
         {values[kLabels], options_.labels, largest_known(kLabels)},
         {values[kLinks], options_.links, largest_known(kLinks)},
         {values[kTeam], options_.team, largest_known(kTeam)}}};
    const Fusion fusion(candidates_.size(),
                        {values[kText], personal, values[kPopularity], values[kFreshness],
                         values[kTrending]},
                        options_.fusion, budget);
    largest_[kText] = fusion.largest_text();
    largest_[kPopularity] = fusion.largest_popularity();
    largest_[kTrending] = fusion.largest_trending();
    largest_[kFreshness] = fusion.largest_freshness();
    for (std::size_t s = 0; s < personal.size(); ++s) {
        largest_[kPersonal[s]] = fusion.largest_personal(s);
    }
    for (std::size_t c = 0; c < candidates_.size(); ++c) {
        Candidate& candidate = candidates_[c];
        const Fusion::Parts& parts = fusion.parts(c);
        candidate.score = parts.score();
        candidate.parts[kText] = parts.text;
        candidate.parts[kPopularity] = parts.popularity;
        candidate.parts[kTrending] = parts.trending;
        candidate.parts[kFreshness] = parts.freshness;
        // The personal signals share the person's part of the score as they share its sum.
        double sum = 0;
        double size = 0;
        for (std::size_t s = 0; s < personal.size(); ++s) {
            sum += fusion.share(s, c);
            size += std::abs(fusion.share(s, c));
        }
        // Likes and dislikes that cancel out leave no share to divide by.
        bool const divisible = std::abs(sum) > 1e-9 * size;
        for (std::size_t s = 0; s < personal.size(); ++s) {
            candidate.parts[kPersonal[s]] =
                divisible ? parts.person * fusion.share(s, c) / sum : 0;
        }
        if (!divisible) {
            candidate.parts[kSignals] = parts.person;
        }
    }
}

// Positions in candidates_, best first.
std::vector<std::size_t> Ranking::order(std::size_t max_results, Monitor& monitor,
                                        MemoryBudget& budget) const {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
        if (candidates_[i].readable && !(options_.text_only && candidates_[i].score <= 0)) {
            order.push_back(i);
        }
    }
    // Unlike ones are looked for among the best few: far down the list relevance is gone.
    const bool diverse = options_.diversity > 0 && order.size() > 1;
    const std::size_t wanted = diverse ? std::max<std::size_t>(50, 5 * max_results) : max_results;
    const auto better = [this](std::size_t left, std::size_t right) {
        const Candidate& l = candidates_[left];
        const Candidate& r = candidates_[right];
        return l.score != r.score ? l.score > r.score : l.id < r.id;
    };
    if (wanted < order.size()) {
        std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(wanted),
                         order.end(), better);
        order.resize(wanted);
    }
    std::sort(order.begin(), order.end(), better);
    return diverse ? diversify(order, max_results, monitor, budget) : order;
}

std::vector<std::size_t> Ranking::diversify(std::span<const std::size_t> order,
                                            std::size_t max_results, Monitor& monitor,
                                            MemoryBudget& budget) const {
    std::vector<double> scores;
    std::vector<VectorView> documents;
    for (std::size_t index : order) {
        scores.push_back(candidates_[index].score);
        documents.push_back(candidates_[index].content);
    }
    std::vector<std::size_t> chosen;
    for (std::size_t rank :
         maximal_marginal_relevance(scores, documents, std::min(max_results, order.size()),
                                    1 - options_.diversity, monitor, budget)) {
        chosen.push_back(order[rank]);
    }
    return chosen;
}

void Ranking::score_and_fuse(Monitor& monitor, MemoryBudget& budget) {
    score(monitor);
    if (options_.text_only) {
        for (Candidate& candidate : candidates_) {
            candidate.score = candidate.parts[kText] = candidate.signals[kText];
        }
    } else {
        fuse(budget);
    }
}

std::vector<Scored> Ranking::scores(Monitor& monitor, MemoryBudget& budget) {
    score_and_fuse(monitor, budget);
    std::vector<Scored> result;
    for (std::size_t index : order(candidates_.size(), monitor, budget)) {
        result.push_back({candidates_[index].id, candidates_[index].score});
    }
    return result;
}

const std::vector<Answer>& Ranking::rank(std::size_t max_results, std::int32_t model_id,
                                         Monitor& monitor, MemoryBudget& budget) {
    score_and_fuse(monitor, budget);
    answers_.clear();
    PollEvery poll(monitor, 64);
    std::vector<std::size_t> best = order(max_results, monitor, budget);
    for (const Drawn& drawn : explored(best, monitor, budget)) {
        poll.step();
        const Candidate& candidate = candidates_[best[drawn.candidate]];
        Answer& answer = answers_.emplace_back();
        answer.id = candidate.id;
        answer.title = candidate.title;
        answer.score = candidate.score;
        answer.propensity = drawn.propensity;
        explain(candidate, drawn, model_id, answer);
    }
    return answers_;
}

// Puts all other candidates behind `order`, so that they can be drawn.
std::pmr::vector<Drawn> Ranking::explored(std::vector<std::size_t>& order, Monitor& monitor,
                                          MemoryBudget& budget) const {
    std::size_t const length = order.size();
    if (options_.explore > 0) {
        std::vector<bool> listed(candidates_.size());
        for (std::size_t index : order) {
            listed[index] = true;
        }
        for (std::size_t i = 0; i < candidates_.size(); ++i) {
            if (candidates_[i].readable && !listed[i]) {
                order.push_back(i);
            }
        }
    }
    return explore(length, order.size(), options_.explore, options_.seed, monitor, budget);
}

}  // namespace knowhow
