#include "engine/evaluate/replay.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

#include "engine/learn/popularity.hpp"
#include "engine/rank/freshness.hpp"
#include "engine/rank/team.hpp"
#include "engine/rank/weighting.hpp"

namespace knowhow {
namespace {

constexpr unsigned kPollSteps = 1024;
constexpr double kMicrosecondsPerSecond = 1e6;

// 0 for one that was never counted.
std::int64_t documents_with(const std::pmr::vector<TermCount>& counts, std::string_view name) {
    const auto found = std::lower_bound(
        counts.begin(), counts.end(), name,
        [](const TermCount& count, std::string_view term) { return count.term < term; });
    return found != counts.end() && found->term == name ? found->documents : 0;
}

}  // namespace

Replay::Replay(const Archive& archive, const ReplayOptions& options,
               std::span<const std::uint8_t> held_out, Monitor& monitor, MemoryBudget& budget)
    : archive_(archive),
      options_(options),
      without_query_(options.ranking),
      held_out_(held_out),
      monitor_(monitor),
      budget_(budget),
      term_counts_(&budget),
      label_counts_(&budget),
      position_(archive.snippets().size(), -1, &budget),
      popularity_(archive.snippets().size(), 0.0, &budget),
      trending_(archive.snippets().size(), 0.0, &budget),
      row_begin_(&budget),
      targets_(&budget),
      weights_(&budget),
      had_(archive.snippets().size(), std::int64_t{0}, &budget),
      snippet_rows_(&budget),
      snippet_begin_(archive.snippets().size() + 1, 0, &budget) {
    sort_rows_by_snippet();
}

void Replay::sort_rows_by_snippet() {
    const auto snippet_of = [this](const ArchivedRow& row) {
        return archive_.pairs()[static_cast<std::size_t>(row.pair)].snippet_index;
    };
    PollEvery poll(monitor_, kPollSteps);
    for (const ArchivedRow& row : archive_.rows()) {
        poll.step();
        if (snippet_of(row) >= 0) {
            ++snippet_begin_[static_cast<std::size_t>(snippet_of(row)) + 1];
        }
    }
    for (std::size_t i = 1; i < snippet_begin_.size(); ++i) {
        snippet_begin_[i] += snippet_begin_[i - 1];
    }
    snippet_rows_.resize(snippet_begin_.back());
    std::pmr::vector<std::size_t> next(snippet_begin_, &budget_);
    for (std::size_t r = 0; r < archive_.rows().size(); ++r) {
        poll.step();
        const std::int32_t snippet = snippet_of(archive_.rows()[r]);
        if (snippet >= 0) {
            snippet_rows_[next[static_cast<std::size_t>(snippet)]++] = static_cast<std::int32_t>(r);
        }
    }
}

Demand Replay::model_demand(std::int32_t snippet, std::int32_t now) const {
    const auto index = static_cast<std::size_t>(snippet);
    return {popularity_[index],
            trending_[index] * faded(newest_minute_, now, options_.trending_half_life)};
}

void Replay::add_rows(std::int64_t id, std::int64_t moment, Ranking& ranking) const {
    const auto snippet = static_cast<std::size_t>(archive_.index_of(id));
    for (std::size_t i = snippet_begin_[snippet]; i < snippet_begin_[snippet + 1]; ++i) {
        const ArchivedRow& row = archive_.rows()[static_cast<std::size_t>(snippet_rows_[i])];
        if (counts(row, moment)) {
            ranking.add_row(id, {minute_of(row.at), static_cast<float>(row.weight)});
        }
    }
}

bool Replay::counts(const ArchivedRow& row, std::int64_t moment) const noexcept {
    return row.at < moment &&
           (held_out_.empty() || held_out_[static_cast<std::size_t>(row.pair)] == 0);
}

bool Replay::exists(std::int32_t snippet, std::int64_t moment) const noexcept {
    return archive_.snippets()[static_cast<std::size_t>(snippet)].created_at <= moment;
}

bool Replay::may_see(std::int32_t index, std::optional<std::int64_t> user) const noexcept {
    const ArchivedSnippet& snippet = archive_.snippets()[static_cast<std::size_t>(index)];
    if (snippet.is_public) {
        return true;
    }
    if (!user) {
        return false;
    }
    const std::optional<std::int64_t> team = archive_.team_of(*user);
    return (team && snippet.readable_by_team == team) || snippet.author == user;
}

void Replay::train(std::int64_t moment, std::int64_t clock) {
    PollEvery poll(monitor_, kPollSteps);
    term_counts_.clear();
    label_counts_.clear();
    terms_.emplace(budget_, monitor_);
    labels_.emplace(budget_, monitor_);
    const auto snippets = archive_.snippets();
    for (std::size_t i = 0; i < snippets.size(); ++i) {
        if (snippets[i].has_content && snippets[i].created_at < moment) {
            terms_->add(snippets[i].content);
        }
    }
    for (const ArchivedLabel& label : archive_.labels()) {
        if (label.at < moment && label.name.size() <= kMaxLexemeBytes) {
            labels_->add(std::span(&label.name, 1));
        }
    }
    term_counts_ = terms_->sorted();
    label_counts_ = labels_->sorted();
    documents_ = terms_->documents();

    InteractionsBuilder builder(budget_, monitor_);
    std::fill(had_.begin(), had_.end(), 0);
    people_ = 0;
    std::pmr::vector<bool> counted(archive_.pairs().size(), false, &budget_);
    std::optional<std::int64_t> last_user;
    for (const ArchivedRow& row : archive_.rows()) {
        poll.step();
        if (!counts(row, moment)) {
            continue;
        }
        const ArchivedPair& pair = archive_.pairs()[static_cast<std::size_t>(row.pair)];
        builder.add(pair.user, row.snippet, static_cast<float>(row.weight), minute_of(row.at));
        if (last_user != pair.user) {
            last_user = pair.user;
            ++people_;
        }
        auto&& once = counted[static_cast<std::size_t>(row.pair)];
        if (!once && row.weight > 0 && pair.snippet_index >= 0) {
            once = true;
            ++had_[static_cast<std::size_t>(pair.snippet_index)];
        }
    }
    const Interactions interactions =
        std::move(builder).finish({options_.trending_half_life, minute_of(clock)});

    std::fill(position_.begin(), position_.end(), -1);
    std::fill(popularity_.begin(), popularity_.end(), 0.0);
    std::fill(trending_.begin(), trending_.end(), 0.0);
    newest_minute_ = interactions.newest_minute();
    const std::pmr::vector<double> sums = popularity(interactions, monitor_, budget_);
    for (std::int32_t p = 0; p < interactions.item_count(); ++p) {
        const std::int32_t index =
            archive_.index_of(interactions.items()[static_cast<std::size_t>(p)]);
        if (index >= 0) {
            position_[static_cast<std::size_t>(index)] = p;
            // Models store popularity as a float.
            popularity_[static_cast<std::size_t>(index)] =
                static_cast<double>(static_cast<float>(sums[static_cast<std::size_t>(p)]));
            trending_[static_cast<std::size_t>(index)] =
                static_cast<double>(interactions.trending()[static_cast<std::size_t>(p)]);
        }
        poll.step();
    }
    targets_.clear();
    weights_.clear();
    row_begin_.assign(1, 0);
    if (options_.learner == nullptr) {
        row_begin_.resize(interactions.items().size() + 1, 0);
        return;
    }
    const Parameters parameters(options_.learner->parameters(), options_.learner_parameters);
    const ItemItem matrix =
        options_.learner->fit(interactions, parameters, options_.fit, monitor_, budget_);
    for (std::int32_t p = 0; p < matrix.item_count(); ++p) {
        for (const Target& target : matrix.row(p)) {
            targets_.push_back(target.position);
            weights_.push_back(target.weight);
            poll.step();
        }
        row_begin_.push_back(targets_.size());
        poll.step();
    }
}

std::vector<double> Replay::idf_of(const std::pmr::vector<TermCount>& counts,
                                   std::span<const std::string_view> names) const {
    std::vector<double> result;
    result.reserve(names.size());
    for (std::string_view name : names) {
        result.push_back(idf(documents_with(counts, name), documents_));
    }
    return result;
}

void Replay::read_person(const Question& question, Person& person) const {
    if (!question.user) {
        return;
    }
    std::size_t taken = 0;
    for (const ArchivedRow& row : archive_.rows_of(*question.user)) {
        if (taken == options_.history) {
            break;
        }
        if (counts(row, question.moment)) {
            person.add(row.snippet, row.weight);
            ++taken;
        }
    }
    if (person.empty()) {
        return;
    }
    std::vector<std::int64_t> ids;
    for (const HistoryItem& item : person.items()) {
        ids.push_back(item.id);
    }
    for (std::int64_t id : ids) {
        const std::int32_t index = archive_.index_of(id);
        if (index >= 0 && exists(index, question.moment) && may_see(index, question.user)) {
            person.describe(id, {}, archive_.snippets()[static_cast<std::size_t>(index)].content);
        }
    }
    person.keep_readable();
    if (person.empty()) {
        return;
    }
    ids.clear();
    for (const HistoryItem& item : person.items()) {
        ids.push_back(item.id);
    }
    for (std::int64_t id : ids) {
        const std::int32_t index = archive_.index_of(id);
        for (const ArchivedLabel& label : archive_.labels_of(index)) {
            if (label.at < question.moment) {
                person.add_label(id, label.name);
            }
        }
        const std::int32_t position = position_[static_cast<std::size_t>(index)];
        if (position >= 0) {
            const std::size_t begin = row_begin_[static_cast<std::size_t>(position)];
            const std::size_t size = row_begin_[static_cast<std::size_t>(position) + 1] - begin;
            person.add_row(id, position, {targets_.data() + begin, size},
                           {weights_.data() + begin, size});
        }
    }
    person.set_term_idf(idf_of(term_counts_, person.collect_terms(options_.profile_terms)));
    person.set_term_idf(idf_of(term_counts_, person.collect_more_terms(idf(0, documents_))));
    person.build_profile();
    person.build_labels(idf_of(label_counts_, person.collect_labels()));
    person.add_up_positions();
}

// As recommend() reads them: of each snippet the kMostLinks of largest other id in each direction.
std::vector<Link> Replay::links_at(std::span<const std::int64_t> ids,
                                   const Question& question) const {
    std::vector<Link> links;
    for (std::int64_t id : ids) {
        std::size_t taken[2] = {0, 0};
        for (const ArchivedLink& link : archive_.links_of(archive_.index_of(id))) {
            if (link.at < question.moment && exists(link.other, question.moment) &&
                may_see(link.other, question.user) && taken[link.forward]++ < kMostLinks) {
                links.push_back({id,
                                 archive_.snippets()[static_cast<std::size_t>(link.other)].id,
                                 link.kind, link.forward});
            }
        }
    }
    return links;
}

void Replay::add_team(const Question& question, const Person& person, Ranking& ranking) const {
    const std::optional<std::int64_t> team =
        question.user && person.empty() ? archive_.team_of(*question.user) : std::nullopt;
    if (!team) {
        return;
    }
    struct Liked {
        double weight = 0;
        std::int64_t colleagues = 0;
    };
    std::unordered_map<std::int64_t, Liked> liked;
    std::size_t colleagues = 0;
    for (std::int64_t user : archive_.members_of(*team)) {
        if (user == *question.user) {
            continue;
        }
        if (++colleagues > kMostColleagues) {
            break;
        }
        std::size_t taken = 0;
        for (const ArchivedRow& row : archive_.rows_of(user)) {
            if (taken == kMostOfColleague) {
                break;
            }
            if (counts(row, question.moment) && row.weight > 0) {
                ++taken;
                Liked& sum = liked[row.snippet];
                sum.weight += row.weight;
                ++sum.colleagues;
            }
        }
    }
    for (const auto& [snippet, sum] : liked) {
        ranking.set_team(snippet, sum.weight, sum.colleagues);
    }
}

void Replay::walk(const Question& question, Walk& walk) const {
    const std::vector<std::int64_t> starts = walk.starts();
    walk.add_first(links_at(starts, question));
    walk.add_second(links_at(walk.seconds(), question));
    for (std::int64_t id : walk.seconds()) {
        for (const ArchivedLabel& label : archive_.labels_of(archive_.index_of(id))) {
            if (label.at < question.moment) {
                walk.add_label(id, label.name);
            }
        }
    }
    std::vector<std::int64_t> counts;
    for (std::string_view name : walk.collect_labels()) {
        counts.push_back(documents_with(label_counts_, name));
    }
    walk.set_label_counts(counts);
}

void Replay::add_candidates(const Question& question, Ranking& ranking) const {
    // What the person has met before the moment, ascending by snippet.
    std::vector<std::int32_t> met;
    if (question.user) {
        const auto [first, last] = archive_.pairs_of(*question.user);
        for (std::size_t p = first; p < last; ++p) {
            const ArchivedPair& pair = archive_.pairs()[p];
            if (pair.snippet_index >= 0 && pair.first_at < question.moment &&
                (held_out_.empty() || held_out_[p] == 0)) {
                met.push_back(pair.snippet_index);
            }
        }
        std::sort(met.begin(), met.end());
    }
    const std::int32_t now = minute_of(question.clock);
    PollEvery poll(monitor_, kPollSteps);
    const auto consider = [&](std::int32_t index) {
        poll.step();
        if (!exists(index, question.moment) || !may_see(index, question.user) ||
            std::binary_search(met.begin(), met.end(), index)) {
            return;
        }
        const ArchivedSnippet& snippet = archive_.snippets()[static_cast<std::size_t>(index)];
        ranking.add(snippet.id);
        ranking.describe(snippet.id, {}, snippet.content);
        for (const ArchivedLabel& label : archive_.labels_of(index)) {
            if (label.at < question.moment) {
                ranking.add_label(snippet.id, label.name);
            }
        }
        const std::int32_t position = position_[static_cast<std::size_t>(index)];
        if (position >= 0) {
            ranking.set_position(snippet.id, position, model_demand(index, now));
        }
        if (snippet.created_at != kAlways && snippet.created_at != kLater) {
            const double age =
                (static_cast<double>(question.clock) - static_cast<double>(snippet.created_at)) /
                kMicrosecondsPerSecond / kSecondsPerDay;
            ranking.set_age(snippet.id, std::max(age, 0.0));
        }
    };
    if (question.among) {
        for (std::int32_t index : *question.among) {
            consider(index);
        }
    } else {
        const auto count = static_cast<std::int32_t>(archive_.snippets().size());
        for (std::int32_t index = 0; index < count; ++index) {
            consider(index);
        }
    }
    // As in recommend(): without a model, or for nobody, this is not known.
    if (row_begin_.empty() || !question.user) {
        return;
    }
    for (std::int64_t id : ranking.collect_unknown(kMostUnknown)) {
        add_rows(id, question.moment, ranking);
    }
    ranking.add_up_rows({options_.trending_half_life, now});
}

// Hands over a ranking that knows everything about its candidates.
template <typename Take>
void Replay::answer(const Question& question, Take take) const {
    Person person(monitor_);
    read_person(question, person);
    Ranking ranking(person, question.query.empty() ? without_query_ : options_.ranking);
    Walk linked(person);
    if (archive_.has_links()) {
        walk(question, linked);
        ranking.set_walk(&linked);
    }
    std::vector<std::uint32_t> bytes;
    if (!question.query.empty()) {
        std::vector<TermWeight> terms(question.query.begin(), question.query.end());
        std::vector<std::int64_t> documents;
        for (const TermWeight& term : terms) {
            documents.push_back(documents_with(term_counts_, term.term));
        }
        weigh_query(Weighting(), terms, documents, documents_);
        const std::size_t size = encoded_size(terms);
        bytes.resize(size / sizeof(std::uint32_t) + 1);
        encode(terms, bytes.data());
        ranking.set_query(VectorView(bytes.data(), size));
    }
    add_candidates(question, ranking);
    add_team(question, person, ranking);
    ranking.set_label_idf(idf_of(label_counts_, ranking.collect_labels()));
    ranking.set_largest_collaborative(person.largest_position_score());
    take(ranking);
}

std::vector<Scored> Replay::rank(const Question& question) {
    std::vector<Scored> result;
    answer(question, [&](Ranking& ranking) { result = ranking.scores(monitor_, budget_); });
    for (Scored& scored : result) {
        scored.id = archive_.index_of(scored.id);
    }
    return result;
}

void Replay::score(const Question& question, const std::function<void(const Ranking&)>& take) {
    answer(question, [&](Ranking& ranking) {
        ranking.score(monitor_);
        take(ranking);
    });
}

}  // namespace knowhow
