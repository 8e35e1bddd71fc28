#include "engine/text/headline.hpp"

#include <algorithm>
#include <vector>

namespace knowhow::text {
namespace {

// Matches looked at from one start; more of them do not make a stretch better.
constexpr std::size_t kMaxMatches = 256;

// From the first to the last match that counts.
struct Stretch {
    std::size_t begin;
    std::size_t end;
    std::size_t distinct;
    std::size_t half_words;
};

class Chooser {
  public:
    Chooser(std::span<const HeadlineToken> tokens, const HeadlineOptions& options, Monitor& monitor)
        : tokens_(tokens), options_(options), before_(tokens.size() + 1, 0) {
        PollEvery poll(monitor);
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            poll.step();
            before_[i + 1] = before_[i] + tokens[i].half_words;
            if (tokens[i].item >= 0) {
                matches_.push_back(i);
            }
        }
        for (std::size_t first = 0; first < matches_.size(); ++first) {
            poll.step();
            add_stretch(first);
        }
    }

    std::size_t choose(std::span<Fragment> fragments) {
        if (stretches_.empty()) {
            fragments[0] = to_the_edges(grow({0, 0}));
            return 1;
        }
        if (options_.max_fragments == 0) {
            const Stretch& best = *std::min_element(stretches_.begin(), stretches_.end(), better);
            fragments[0] = to_the_edges(grow({best.begin, best.end}));
            return 1;
        }
        std::size_t count = 0;
        std::stable_sort(stretches_.begin(), stretches_.end(), better);
        for (const Stretch& stretch : stretches_) {
            if (count == options_.max_fragments) {
                break;
            }
            const auto chosen = fragments.first(count);
            if (std::none_of(chosen.begin(), chosen.end(), [&](const Fragment& other) {
                    return stretch.begin < other.end && other.begin < stretch.end;
                })) {
                fragments[count++] = {stretch.begin, stretch.end};
            }
        }
        std::sort(fragments.begin(), fragments.begin() + static_cast<std::ptrdiff_t>(count),
                  [](const Fragment& a, const Fragment& b) { return a.begin < b.begin; });
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t lowest = i == 0 ? 0 : fragments[i - 1].end;
            const std::size_t highest = i + 1 == count ? tokens_.size() : fragments[i + 1].begin;
            fragments[i] = to_the_edges(surround(fragments[i], lowest, highest));
        }
        return count;
    }

  private:
    static bool better(const Stretch& a, const Stretch& b) {
        if (a.distinct != b.distinct) {
            return a.distinct > b.distinct;
        }
        if (a.half_words != b.half_words) {
            return a.half_words < b.half_words;
        }
        return a.begin < b.begin;
    }

    std::size_t length(std::size_t begin, std::size_t end) const {
        return before_[end] - before_[begin];
    }

    // The best stretch that starts with a match: up to where it finds its last new item.
    void add_stretch(std::size_t first) {
        const std::size_t begin = matches_[first];
        Stretch stretch{begin, begin + 1, 0, length(begin, begin + 1)};
        seen_.clear();
        const std::size_t last = std::min(matches_.size(), first + kMaxMatches);
        for (std::size_t i = first; i < last; ++i) {
            const std::size_t end = matches_[i] + 1;
            if (i > first && length(begin, end) > 2 * options_.max_words) {
                break;
            }
            const std::int32_t item = tokens_[matches_[i]].item;
            if (std::find(seen_.begin(), seen_.end(), item) == seen_.end()) {
                seen_.push_back(item);
                stretch.end = end;
                stretch.distinct = seen_.size();
                stretch.half_words = length(begin, end);
            }
        }
        stretches_.push_back(stretch);
    }

    // With the document's first or last word comes the punctuation around it.
    Fragment to_the_edges(Fragment fragment) const {
        if (length(0, fragment.begin) == 0) {
            fragment.begin = 0;
        }
        if (length(fragment.end, tokens_.size()) == 0) {
            fragment.end = tokens_.size();
        }
        return fragment;
    }

    bool ends_badly(std::size_t token) const {
        return tokens_[token].half_words == 0 ||
               (tokens_[token].short_word && tokens_[token].item < 0);
    }

    // Goes on to the right until there are enough words and the last one is a good end; then, at
    // the document's end, to the left.
    Fragment grow(Fragment fragment) const {
        while (fragment.begin == fragment.end && fragment.end < tokens_.size() &&
               tokens_[fragment.begin].half_words == 0) {
            ++fragment.begin;
            ++fragment.end;
        }
        std::size_t good = fragment.end;
        while (fragment.end < tokens_.size() &&
               (length(fragment.begin, fragment.end) < 2 * options_.min_words ||
                ends_badly(fragment.end - 1))) {
            if (length(fragment.begin, fragment.end + 1) > 2 * options_.max_words) {
                break;
            }
            ++fragment.end;
            if (!ends_badly(fragment.end - 1)) {
                good = fragment.end;
            }
        }
        fragment.end = good;
        while (fragment.begin > 0 &&
               length(fragment.begin, fragment.end) < 2 * options_.min_words) {
            --fragment.begin;
        }
        while (fragment.begin < fragment.end && tokens_[fragment.begin].half_words == 0) {
            ++fragment.begin;
        }
        return fragment;
    }

    // Adds context on both sides, within [lowest, highest) and up to max_words.
    Fragment surround(Fragment fragment, std::size_t lowest, std::size_t highest) const {
        const std::size_t most = 2 * options_.max_words;
        const std::size_t matched = length(fragment.begin, fragment.end);
        const std::size_t left = matched < most ? (most - matched) / 2 : 0;
        Fragment wide = fragment;
        for (std::size_t begin = fragment.begin; begin-- > lowest;) {
            if (length(begin, fragment.begin) > left) {
                break;
            }
            if (!ends_badly(begin)) {
                wide.begin = begin;
            }
        }
        for (std::size_t end = fragment.end; end < highest; ++end) {
            if (length(wide.begin, end + 1) > most) {
                break;
            }
            if (!ends_badly(end)) {
                wide.end = end + 1;
            }
        }
        return wide;
    }

    std::span<const HeadlineToken> tokens_;
    HeadlineOptions options_;
    std::vector<std::size_t> before_;  // half words before each token
    std::vector<std::size_t> matches_;
    std::vector<Stretch> stretches_;
    std::vector<std::int32_t> seen_;
};

}  // namespace

std::size_t choose_fragments(std::span<const HeadlineToken> tokens, const HeadlineOptions& options,
                             Monitor& monitor, std::span<Fragment> fragments) {
    return Chooser(tokens, options, monitor).choose(fragments);
}

}  // namespace knowhow::text
