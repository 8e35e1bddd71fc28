// The rows of a recommender with the times at which they came to be, loaded once, so that any
// moment of its history can be asked again without reading tables again.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/sparse/vector.hpp"

namespace knowhow {

// Moments are microseconds, counted from any one epoch.
inline constexpr std::int64_t kAlways = INT64_MIN;  // of what has no time: it has always been
inline constexpr std::int64_t kLater = INT64_MAX;   // after everything that is stored

struct ArchivedSnippet {
    std::int64_t id = 0;
    VectorView content;
    bool has_content = false;
    std::int64_t created_at = kAlways;
    // As recommend() reads the column visibility.
    bool is_public = true;
    std::optional<std::int64_t> readable_by_team;  // where visibility is "team"
    std::optional<std::int64_t> author;
    std::optional<std::int64_t> author_team;  // filled by finish(): that of the author, now
};

struct ArchivedLabel {
    std::int32_t snippet;  // index
    std::string_view name;
    std::int64_t at;
};

// A link, as seen from one of its ends.
struct ArchivedLink {
    std::int32_t from;   // index: where it is seen from
    std::int32_t other;  // index
    std::string_view kind;
    bool forward;        // it leads from `from` to `other`
    std::int64_t at;     // when it was made
};

// A row of interactions.
struct ArchivedRow {
    std::int32_t pair;     // index
    std::int64_t snippet;  // id: it may be of a snippet that nobody can read (any more)
    double weight;
    std::int64_t at;
};

// A person and a snippet that met.
struct ArchivedPair {
    std::int64_t user;
    std::int64_t snippet;        // id
    std::int32_t snippet_index;  // -1: not among the snippets
    std::int64_t first_at;       // the earliest row of either's meeting, of whatever table
    double weight;               // sum over their rows of interactions
};

// Filled once, then read. Memory comes from the budget: the bytes of contents and labels, and
// up to 300 bytes a snippet, 80 a label, 100 a link and 300 an interaction while they arrive.
class Archive {
  public:
    Archive(MemoryBudget& budget, Monitor& monitor);

    // Snippets first, ids distinct; bytes are copied.
    void add_snippet(const ArchivedSnippet& snippet, std::string_view content);
    // A label given twice counts from its earlier time. Unknown snippets are left out.
    void add_label(std::int64_t snippet, std::string_view label, std::int64_t at);
    // One with an unknown end, or both ends at one snippet, is left out.
    void add_link(std::int64_t from, std::int64_t to, std::string_view kind, std::int64_t at);
    void add_interaction(std::int64_t user, std::int64_t snippet, double weight, std::int64_t at);
    // They met then, whatever the interactions say: an event, a rating.
    void add_meeting(std::int64_t user, std::int64_t snippet, std::int64_t at);
    void add_user(std::int64_t user, std::int64_t team);
    // After the last row; before it, nothing below may be called.
    void finish();
    // What the person had asked for when they met the snippet, at that moment: kept if that was
    // their first meeting and it has none yet. Counted terms, ascending by bytes, are copied.
    void add_query(std::int64_t user, std::int64_t snippet, std::int64_t at,
                   std::span<const TermWeight> terms);
    // Of a pair; empty for none.
    std::span<const TermWeight> query_of(std::size_t pair) const noexcept;

    std::span<const ArchivedSnippet> snippets() const noexcept { return snippets_; }
    // By snippet, then name.
    std::span<const ArchivedLabel> labels() const noexcept { return labels_; }
    std::span<const ArchivedLabel> labels_of(std::int32_t snippet) const noexcept;
    // Both directions: forward first, and of these the largest other ids first.
    std::span<const ArchivedLink> links_of(std::int32_t snippet) const noexcept;
    bool has_links() const noexcept { return !links_.empty(); }
    // By user, then snippet.
    std::span<const ArchivedPair> pairs() const noexcept { return pairs_; }
    // Indexes of that user's pairs: first, and one past the last.
    std::pair<std::size_t, std::size_t> pairs_of(std::int64_t user) const noexcept;
    // By user; within one the newest first, then by snippet: the order of recommend()'s history.
    std::span<const ArchivedRow> rows() const noexcept { return rows_; }
    std::span<const ArchivedRow> rows_of(std::int64_t user) const noexcept;
    std::int32_t index_of(std::int64_t snippet) const noexcept;  // -1: none
    std::optional<std::int64_t> team_of(std::int64_t user) const noexcept;
    // The users of a team, ascending.
    std::span<const std::int64_t> members_of(std::int64_t team) const noexcept;

  private:
    struct Meeting {
        std::int64_t user;
        std::int64_t snippet;
        double weight;
        std::int64_t at;
        bool is_interaction;
    };

    std::string_view keep(std::string_view bytes);
    void finish_labels();
    void finish_links();
    void finish_meetings();

    MemoryBudget& budget_;
    PollEvery poll_;
    std::pmr::monotonic_buffer_resource arena_;
    std::pmr::vector<ArchivedSnippet> snippets_;
    std::pmr::unordered_map<std::int64_t, std::int32_t> by_id_;
    std::pmr::vector<ArchivedLabel> labels_;
    std::pmr::vector<std::size_t> label_begin_;
    std::pmr::vector<ArchivedLink> links_;
    std::pmr::vector<std::size_t> link_begin_;
    std::pmr::vector<Meeting> meetings_;
    std::pmr::vector<ArchivedPair> pairs_;
    std::pmr::vector<ArchivedRow> rows_;
    std::pmr::unordered_map<std::int64_t, std::int64_t> teams_;  // by user
    std::pmr::unordered_map<std::int64_t, std::pmr::vector<std::int64_t>> members_;  // by team
    std::pmr::unordered_map<std::size_t, std::pmr::vector<TermWeight>> queries_;
};

}  // namespace knowhow
