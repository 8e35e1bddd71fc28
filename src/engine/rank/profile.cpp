#include "engine/rank/profile.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "engine/base/error.hpp"

namespace knowhow {

ContentProfile::ContentProfile(std::span<const ProfileDocument> documents, const FillIdf& fill_idf,
                               const ProfileOptions& options, Monitor& monitor,
                               MemoryBudget& budget)
    : arena_(&budget), terms_(&budget) {
    if (options.terms == 0 || !std::isfinite(options.norm_power)) {
        throw Error(ErrorCode::kInvalidArgument, "a profile keeps at least one term");
    }
    PollEvery poll(monitor, 16384);

    // The distinct terms, and where each one's sum is.
    std::pmr::unordered_map<std::string_view, std::size_t> sums(&budget);
    for (std::size_t d = 0; d < documents.size(); ++d) {
        if (!std::isfinite(documents[d].weight)) {
            throw Error(ErrorCode::kInvalidArgument, "weight of document " + std::to_string(d) +
                                                         " of the history is " +
                                                         std::to_string(documents[d].weight));
        }
        if (!(documents[d].weight > 0)) {
            continue;
        }
        const VectorView& vector = documents[d].vector;
        for (std::uint32_t i = 0; i < vector.size(); ++i) {
            if (sums.try_emplace(vector.term(i), 0).second) {
                terms_.push_back({vector.term(i), 0, 0});
            }
            poll.step();
        }
    }
    const auto by_bytes = [&](const ProfileTerm& a, const ProfileTerm& b) {
        poll.step();
        return a.term < b.term;
    };
    std::sort(terms_.begin(), terms_.end(), by_bytes);
    if (!terms_.empty()) {
        fill_idf(terms_);
    }
    for (std::size_t t = 0; t < terms_.size(); ++t) {
        sums.find(terms_[t].term)->second = t;
        if (!std::isfinite(terms_[t].idf)) {
            throw Error(ErrorCode::kInvalidArgument, "idf of term \"" +
                                                         std::string(terms_[t].term) + "\" is " +
                                                         std::to_string(terms_[t].idf));
        }
        poll.step();
    }

    struct Entry {
        std::size_t sum;
        double value;
    };
    std::pmr::vector<Entry> row(&budget);
    for (const ProfileDocument& document : documents) {
        if (!(document.weight > 0)) {
            continue;
        }
        row.clear();
        double squares = 0;
        for (std::uint32_t i = 0; i < document.vector.size(); ++i) {
            const std::size_t sum = sums.find(document.vector.term(i))->second;
            const double value = terms_[sum].idf * static_cast<double>(document.vector.weight(i));
            row.push_back({sum, value});
            squares += value * value;
            poll.step();
        }
        if (squares > 0) {
            const double factor = document.weight / std::pow(squares, options.norm_power / 2);
            for (const Entry& entry : row) {
                terms_[entry.sum].weight += factor * entry.value;
            }
        }
    }

    std::erase_if(terms_, [](const ProfileTerm& term) { return term.weight == 0; });
    if (terms_.size() > options.terms) {
        std::nth_element(terms_.begin(),
                         terms_.begin() + static_cast<std::ptrdiff_t>(options.terms), terms_.end(),
                         [&](const ProfileTerm& a, const ProfileTerm& b) {
                             poll.step();
                             const double x = std::abs(a.weight);
                             const double y = std::abs(b.weight);
                             return x != y ? x > y : a.term < b.term;
                         });
        terms_.resize(options.terms);
        std::sort(terms_.begin(), terms_.end(), by_bytes);
    }
    // The documents may go; what is kept is copied.
    for (ProfileTerm& term : terms_) {
        auto* bytes =
            static_cast<char*>(arena_.allocate(std::max<std::size_t>(term.term.size(), 1), 1));
        std::copy(term.term.begin(), term.term.end(), bytes);
        term.term = {bytes, term.term.size()};
    }
}

}  // namespace knowhow
