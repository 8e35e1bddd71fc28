#include "engine/evaluate/archive.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

constexpr unsigned kPollSteps = 65536;
constexpr std::size_t kMost = 2147483647;

// begin[i] to begin[i + 1] become the range of the sorted rows whose snippet is i.
template <typename Rows, typename SnippetOf>
void index_rows(const Rows& rows, std::size_t snippets, SnippetOf snippet_of,
                std::pmr::vector<std::size_t>& begin) {
    begin.assign(snippets + 1, 0);
    for (const auto& row : rows) {
        ++begin[static_cast<std::size_t>(snippet_of(row)) + 1];
    }
    for (std::size_t i = 1; i < begin.size(); ++i) {
        begin[i] += begin[i - 1];
    }
}

}  // namespace

Archive::Archive(MemoryBudget& budget, Monitor& monitor)
    : budget_(budget),
      poll_(monitor, kPollSteps),
      arena_(&budget),
      snippets_(&budget),
      by_id_(&budget),
      labels_(&budget),
      label_begin_(&budget),
      links_(&budget),
      link_begin_(&budget),
      meetings_(&budget),
      pairs_(&budget),
      rows_(&budget),
      teams_(&budget),
      members_(&budget),
      queries_(&budget) {}

std::string_view Archive::keep(std::string_view bytes) {
    if (bytes.empty()) {
        return {};
    }
    char* const copy = static_cast<char*>(arena_.allocate(bytes.size(), alignof(std::uint32_t)));
    std::memcpy(copy, bytes.data(), bytes.size());
    return {copy, bytes.size()};
}

void Archive::add_snippet(const ArchivedSnippet& snippet, std::string_view content) {
    poll_.step();
    if (snippets_.size() >= kMost) {
        throw Error(ErrorCode::kLimitExceeded, "more than 2147483647 snippets");
    }
    if (!by_id_.try_emplace(snippet.id, static_cast<std::int32_t>(snippets_.size())).second) {
        throw Error(ErrorCode::kInvalidArgument,
                    "snippet " + std::to_string(snippet.id) + " comes twice",
                    "snippet_id must be unique in the snippets of a recommender.");
    }
    snippets_.push_back(snippet);
    if (snippet.has_content) {
        const std::string_view bytes = keep(content);
        snippets_.back().content = VectorView(bytes.data(), bytes.size());
    }
}

void Archive::add_label(std::int64_t snippet, std::string_view label, std::int64_t at) {
    poll_.step();
    const std::int32_t index = index_of(snippet);
    if (index >= 0) {
        labels_.push_back({index, keep(label), at});
    }
}

void Archive::add_link(std::int64_t from, std::int64_t to, std::string_view kind,
                       std::int64_t at) {
    poll_.step();
    const std::int32_t left = index_of(from);
    const std::int32_t right = index_of(to);
    if (left >= 0 && right >= 0 && left != right) {
        const std::string_view kept = keep(kind);
        links_.push_back({left, right, kept, true, at});
        links_.push_back({right, left, kept, false, at});
    }
}

void Archive::add_interaction(std::int64_t user, std::int64_t snippet, double weight,
                              std::int64_t at) {
    poll_.step();
    meetings_.push_back({user, snippet, weight, at, true});
}

void Archive::add_meeting(std::int64_t user, std::int64_t snippet, std::int64_t at) {
    poll_.step();
    meetings_.push_back({user, snippet, 0, at, false});
}

void Archive::add_user(std::int64_t user, std::int64_t team) {
    poll_.step();
    teams_.insert_or_assign(user, team);
}

void Archive::finish() {
    for (ArchivedSnippet& snippet : snippets_) {
        if (snippet.author) {
            snippet.author_team = team_of(*snippet.author);
        }
    }
    for (const auto& [user, team] : teams_) {
        members_[team].push_back(user);
    }
    for (auto& [team, users] : members_) {
        std::sort(users.begin(), users.end());
    }
    finish_labels();
    finish_links();
    finish_meetings();
}

void Archive::finish_links() {
    std::sort(links_.begin(), links_.end(), [this](const ArchivedLink& l, const ArchivedLink& r) {
        poll_.step();
        const std::int64_t left = snippets_[static_cast<std::size_t>(l.other)].id;
        const std::int64_t right = snippets_[static_cast<std::size_t>(r.other)].id;
        return std::tie(l.from, r.forward, right, r.kind, l.at) <
               std::tie(r.from, l.forward, left, l.kind, r.at);
    });
    index_rows(links_, snippets_.size(), [](const ArchivedLink& link) { return link.from; },
               link_begin_);
}

void Archive::finish_labels() {
    std::sort(labels_.begin(), labels_.end(),
              [this](const ArchivedLabel& l, const ArchivedLabel& r) {
                  poll_.step();
                  return std::tie(l.snippet, l.name, l.at) < std::tie(r.snippet, r.name, r.at);
              });
    labels_.erase(std::unique(labels_.begin(), labels_.end(),
                              [](const ArchivedLabel& l, const ArchivedLabel& r) {
                                  return l.snippet == r.snippet && l.name == r.name;
                              }),
                  labels_.end());
    index_rows(labels_, snippets_.size(), [](const ArchivedLabel& label) { return label.snippet; },
               label_begin_);
}

void Archive::finish_meetings() {
    std::sort(meetings_.begin(), meetings_.end(), [this](const Meeting& l, const Meeting& r) {
        poll_.step();
        return std::tie(l.user, l.snippet, l.at, l.is_interaction, l.weight) <
               std::tie(r.user, r.snippet, r.at, r.is_interaction, r.weight);
    });
    if (meetings_.size() >= kMost) {
        throw Error(ErrorCode::kLimitExceeded, "more than 2147483647 interactions");
    }
    for (const Meeting& meeting : meetings_) {
        poll_.step();
        if (pairs_.empty() || pairs_.back().user != meeting.user ||
            pairs_.back().snippet != meeting.snippet) {
            pairs_.push_back(
                {meeting.user, meeting.snippet, index_of(meeting.snippet), meeting.at, 0});
        }
        pairs_.back().weight += meeting.weight;
        if (meeting.is_interaction) {
            rows_.push_back({static_cast<std::int32_t>(pairs_.size() - 1), meeting.snippet,
                             meeting.weight, meeting.at});
        }
    }
    std::pmr::vector<Meeting>(&budget_).swap(meetings_);
    std::sort(rows_.begin(), rows_.end(), [this](const ArchivedRow& l, const ArchivedRow& r) {
        poll_.step();
        const std::int64_t left = pairs_[static_cast<std::size_t>(l.pair)].user;
        const std::int64_t right = pairs_[static_cast<std::size_t>(r.pair)].user;
        return std::tie(left, r.at, l.snippet, l.weight) <
               std::tie(right, l.at, r.snippet, r.weight);
    });
}

void Archive::add_query(std::int64_t user, std::int64_t snippet, std::int64_t at,
                        std::span<const TermWeight> terms) {
    poll_.step();
    const auto [first, last] = pairs_of(user);
    for (std::size_t p = first; p < last; ++p) {
        if (pairs_[p].snippet == snippet && pairs_[p].first_at == at && !queries_.contains(p)) {
            std::pmr::vector<TermWeight>& kept = queries_[p];
            for (const TermWeight& term : terms) {
                kept.push_back({keep(term.term), term.weight});
            }
        }
    }
}

std::span<const TermWeight> Archive::query_of(std::size_t pair) const noexcept {
    const auto found = queries_.find(pair);
    return found == queries_.end() ? std::span<const TermWeight>() : found->second;
}

std::span<const ArchivedLabel> Archive::labels_of(std::int32_t snippet) const noexcept {
    const auto index = static_cast<std::size_t>(snippet);
    return std::span(labels_).subspan(label_begin_[index],
                                      label_begin_[index + 1] - label_begin_[index]);
}

std::span<const ArchivedLink> Archive::links_of(std::int32_t snippet) const noexcept {
    const auto index = static_cast<std::size_t>(snippet);
    return std::span(links_).subspan(link_begin_[index],
                                     link_begin_[index + 1] - link_begin_[index]);
}

std::pair<std::size_t, std::size_t> Archive::pairs_of(std::int64_t user) const noexcept {
    const auto first = std::partition_point(
        pairs_.begin(), pairs_.end(), [=](const ArchivedPair& pair) { return pair.user < user; });
    const auto last = std::partition_point(
        first, pairs_.end(), [=](const ArchivedPair& pair) { return pair.user == user; });
    return {static_cast<std::size_t>(first - pairs_.begin()),
            static_cast<std::size_t>(last - pairs_.begin())};
}

std::span<const ArchivedRow> Archive::rows_of(std::int64_t user) const noexcept {
    const auto user_of = [this](const ArchivedRow& row) {
        return pairs_[static_cast<std::size_t>(row.pair)].user;
    };
    const auto first = std::partition_point(
        rows_.begin(), rows_.end(), [&](const ArchivedRow& row) { return user_of(row) < user; });
    const auto last = std::partition_point(
        first, rows_.end(), [&](const ArchivedRow& row) { return user_of(row) == user; });
    return {first, last};
}

std::int32_t Archive::index_of(std::int64_t snippet) const noexcept {
    const auto found = by_id_.find(snippet);
    return found == by_id_.end() ? -1 : found->second;
}

std::optional<std::int64_t> Archive::team_of(std::int64_t user) const noexcept {
    const auto found = teams_.find(user);
    return found == teams_.end() ? std::nullopt : std::optional(found->second);
}

std::span<const std::int64_t> Archive::members_of(std::int64_t team) const noexcept {
    const auto found = members_.find(team);
    return found == members_.end() ? std::span<const std::int64_t>() : found->second;
}

}  // namespace knowhow
