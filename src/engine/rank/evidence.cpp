// Why a candidate was chosen: in words, and as JSON whose parts add up.
#include <algorithm>
#include <string>

#include "engine/rank/json.hpp"
#include "engine/rank/ranking.hpp"
#include "engine/text/dictionary_words.hpp"

namespace knowhow {
namespace {

using json::append_number;
using json::append_string;
using json::Object;

constexpr std::size_t kMostTerms = 8;
constexpr std::size_t kMostWeighed = 32;   // of which readable ones are picked
constexpr std::size_t kMostSubjects = 4;
constexpr std::size_t kMostItems = 3;
constexpr std::size_t kMostLabels = 5;

std::string_view label_kind(std::string_view label) { return label.substr(0, label.find(':')); }

std::string_view label_value(std::string_view label) { return label.substr(label.find(':') + 1); }

void by_value(std::vector<Share>& shares, std::size_t most) {
    std::sort(shares.begin(), shares.end(), [](const Share& left, const Share& right) {
        return left.value != right.value ? left.value > right.value : left.name < right.name;
    });
    if (shares.size() > most) {
        shares.resize(most);
    }
}

std::vector<Share> matched_terms(VectorView query, VectorView content) {
    std::vector<Share> terms;
    for (std::uint32_t i = 0; i < query.size(); ++i) {
        std::int64_t const at = content.find(query.term(i));
        if (at >= 0) {
            double const value = static_cast<double>(query.weight(i)) *
                                 content.weight(static_cast<std::uint32_t>(at));
            if (value > 0) {
                terms.push_back({query.term(i), value});
            }
        }
    }
    return terms;
}

std::vector<Share> profile_terms(const Person& person, VectorView content) {
    std::vector<Share> terms;
    for (const TermWeight& term : person.profile()) {
        std::int64_t const at = content.find(term.term);
        if (at >= 0) {
            terms.push_back(
                {term.term, term.weight * content.weight(static_cast<std::uint32_t>(at))});
        }
    }
    return terms;
}

void append_shares(std::string& json, const std::vector<Share>& shares) {
    Object object(json);
    for (const Share& share : shares) {
        append_number(object.key(share.name), share.value);
    }
}

// Phrases of the reason, strongest first.
class Reason {
  public:
    void add(std::string phrase) {
        if (!text_.empty()) {
            text_ += "; ";
        }
        text_ += phrase;
        ++phrases_;
    }
    int phrases() const { return phrases_; }
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
    int phrases_ = 0;
};

// A pair of Han characters that is no word of ICU's dictionaries: it came from cutting across two.
bool cuts_across_words(std::string_view term) {
    auto is_han = [](std::string_view three) {
        auto const lead = static_cast<unsigned char>(three[0]);
        return lead >= 0xE3 && lead <= 0xE9;
    };
    if (term.size() != 6 || !is_han(term.substr(0, 3)) || !is_han(term.substr(3))) {
        return false;
    }
    std::uint32_t ends[2];
    return text::dictionary_words(term, ends) != 1;
}

// The terms that a reader recognises: not the parts of what is listed as a whole, no pairs that
// cut across words. All of them stand in the evidence.
std::vector<Share> readable(const std::vector<Share>& shares, std::size_t most) {
    std::vector<Share> kept;
    for (const Share& share : shares) {
        bool const part = std::any_of(shares.begin(), shares.end(), [&](const Share& other) {
            return other.name.size() > share.name.size() &&
                   other.name.find(share.name) != std::string_view::npos;
        });
        if (!part && kept.size() < most && !cuts_across_words(share.name)) {
            kept.push_back(share);
        }
    }
    return kept;
}

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

std::string listed(const std::vector<Share>& shares) {
    std::string list;
    for (const Share& share : shares) {
        list += (list.empty() ? "" : ", ") + std::string(share.name);
    }
    return list;
}

// What speaks for a snippet whoever asks: the largest of the impersonal parts, popularity where
// none is larger. NULL where another part of the score is larger still.
const char* demand_phrase(const Candidate& candidate, bool nothing_else) {
    Signal strongest = candidate.signals[kPopularity] > 0 ? kPopularity : kFreshness;
    for (Signal signal : {kTrending, kFreshness}) {
        if (candidate.parts[signal] > candidate.parts[strongest]) {
            strongest = signal;
        }
    }
    for (Signal signal : {kText, kCollaborative, kProfile, kLabels, kLinks, kTeam}) {
        if (!nothing_else && std::abs(candidate.parts[signal]) >= candidate.parts[strongest]) {
            return nullptr;
        }
    }
    return strongest == kTrending     ? "read by many now"
           : strongest == kPopularity ? "popular here"
                                      : "new here";
}

// The most probable way of the walk: links of one step, of two, and over a label.
std::string described(const WalkPath& path) {
    std::string const start = path.start->title.empty() ? "what you liked"
                                                        : quoted(path.start->title);
    if (!path.label.empty()) {
        return "shares " + std::string(label_kind(path.label)) + " " +
               std::string(label_value(path.label)) + " with what is linked from " + start;
    }
    if (path.second.kind.data() != nullptr) {
        return "two links from " + start;
    }
    return (path.first.forward ? "linked from " : "links to ") + start;
}

}  // namespace

void Ranking::explain(const Candidate& candidate, const Drawn& drawn, std::int32_t model_id,
                      Answer& answer) const {
    std::vector<Share> terms = matched_terms(query_, candidate.content);
    by_value(terms, kMostWeighed);
    const std::vector<Share> words = readable(terms, kMostTerms);
    terms.resize(std::min(terms.size(), kMostTerms));
    std::vector<std::pair<const HistoryItem*, double>> items;
    if (candidate.position >= 0) {
        items = person_.reasons(candidate.position, kMostItems);
    }
    std::vector<WalkPath> paths;
    if (candidate.signals[kLinks] > 0) {
        paths = walk_->paths(candidate.id, candidate.labels);
        paths.resize(std::min(paths.size(), kMostItems));
    }
    std::vector<Share> profile;
    std::vector<Share> subjects;
    std::vector<Share> labels;
    if (!options_.text_only) {
        profile = profile_terms(person_, candidate.content);
        by_value(profile, kMostWeighed);
        subjects = readable(profile, kMostSubjects);
        profile.resize(std::min(profile.size(), kMostTerms));
        for (std::string_view label : candidate.labels) {
            double const affinity = person_.label_affinity(label);
            if (affinity > 0) {
                labels.push_back({label, affinity});
            }
        }
        by_value(labels, kMostLabels);
    }

    // The personal parts may be negative in a sum of logarithms: what counts for the words is the
    // share of each signal in the person.
    Reason reason;
    if (drawn.by_chance) {
        reason.add("drawn by chance");
    }
    if (!words.empty()) {
        reason.add("matches " + listed(words));
    }
    if (candidate.signals[kCollaborative] > 0 && options_.collaborative > 0) {
        std::string titles;
        for (const auto& [item, value] : items) {
            if (!item->title.empty()) {
                titles += (titles.empty() ? "" : ", ") + quoted(item->title);
            }
        }
        reason.add(titles.empty() ? "liked by people with similar interests"
                                  : "liked by people who liked " + titles);
    }
    if (candidate.signals[kTeam] > 0 && options_.team > 0) {
        reason.add("liked in the team");
    }
    if (!paths.empty() && options_.links > 0) {
        reason.add(described(paths.front()));
    }
    if (!labels.empty() && options_.labels > 0) {
        std::string list;
        for (const Share& label : labels) {
            list += (list.empty() ? "" : ", ") + std::string(label_kind(label.name)) + " " +
                    std::string(label_value(label.name));
        }
        reason.add("shares " + list + " with what you liked");
    }
    if (!subjects.empty() && candidate.signals[kProfile] > 0 && options_.profile > 0) {
        reason.add("is about what you read: " + listed(subjects));
    }
    if (!options_.text_only) {
        bool const nothing_else = reason.phrases() == (drawn.by_chance ? 1 : 0);
        if (const char* const phrase = demand_phrase(candidate, nothing_else)) {
            reason.add(phrase);
        }
    }
    answer.reason = reason.take();

    std::string& json = answer.evidence;
    Object evidence(json);
    {
        Object parts(evidence.key("parts"));
        for (int s = 0; s <= kSignals; ++s) {
            if (candidate.parts[s] != 0) {
                append_number(parts.key(signal_name(static_cast<Signal>(s))), candidate.parts[s]);
            }
        }
    }
    {
        Object signals(evidence.key("signals"));
        for (int s = 0; s < kSignals; ++s) {
            if (candidate.signals[s] != 0) {
                append_number(signals.key(signal_name(static_cast<Signal>(s))),
                              candidate.signals[s]);
            }
        }
    }
    if (!terms.empty()) {
        append_shares(evidence.key("terms"), terms);
    }
    if (!items.empty()) {
        evidence.key("because") += '[';
        for (std::size_t i = 0; i < items.size(); ++i) {
            json += i == 0 ? "" : ",";
            Object item(json);
            item.key("snippet_id") += std::to_string(items[i].first->id);
            append_string(item.key("title"), items[i].first->title);
            append_number(item.key("value"), items[i].second);
        }
        json += ']';
    }
    if (!paths.empty()) {
        json::Array array(evidence.key("links"));
        for (const WalkPath& path : paths) {
            array.next();
            Object object(json);
            append_path(object, path);
            append_number(object.key("value"), path.value);
        }
    }
    if (!labels.empty()) {
        append_shares(evidence.key("labels"), labels);
    }
    if (!profile.empty()) {
        append_shares(evidence.key("profile"), profile);
    }
    if (options_.explore > 0) {
        Object exploration(evidence.key("exploration"));
        exploration.key("by_chance") += drawn.by_chance ? "true" : "false";
        append_number(exploration.key("anywhere"), drawn.anywhere);
    }
    if (model_id != 0) {
        evidence.key("model_id") += std::to_string(model_id);
    }
}

}  // namespace knowhow
