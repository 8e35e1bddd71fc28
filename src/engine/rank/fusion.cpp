#include "engine/rank/fusion.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

void check_option(const char* name, double value, bool may_be_zero) {
    if (!std::isfinite(value) || value < 0 || (value == 0 && !may_be_zero)) {
        throw Error(
            ErrorCode::kInvalidArgument,
            std::string("fusion option \"") + name + "\" cannot be " + std::to_string(value),
            may_be_zero ? "It is a finite number, 0 or more." : "It is a finite number above 0.");
    }
}

// What m() divides by: the maximum, and 0 where none is above 0. Checks the values.
double maximum_of(const char* name, std::span<const double> values, std::size_t candidates) {
    if (values.empty()) {
        return 0;
    }
    if (values.size() != candidates) {
        throw Error(ErrorCode::kInvalidArgument,
                    std::string(name) + " signal has " + std::to_string(values.size()) +
                        " values for " + std::to_string(candidates) + " candidates");
    }
    double maximum = 0;
    for (std::size_t c = 0; c < candidates; ++c) {
        if (!std::isfinite(values[c])) {
            throw Error(ErrorCode::kInvalidArgument, std::string(name) + " signal of candidate " +
                                                         std::to_string(c) + " is " +
                                                         std::to_string(values[c]));
        }
        maximum = std::max(maximum, values[c]);
    }
    return maximum;
}

double divided(std::span<const double> values, std::size_t c, double maximum) {
    return maximum > 0 && !values.empty() ? values[c] / maximum : 0;
}

}  // namespace

Fusion::Fusion(std::size_t candidates, const Signals& signals, const FusionOptions& options,
               MemoryBudget& budget)
    : parts_(candidates, Parts{}, &budget),
      shares_(signals.personal.size() * candidates, 0.0, &budget),
      largest_personal_(&budget) {
    check_option("text_weight", options.text_weight, true);
    check_option("person_weight", options.person_weight, true);
    check_option("offset", options.offset, false);
    check_option("popularity_weight", options.popularity_weight, true);
    check_option("freshness_weight", options.freshness_weight, true);
    check_option("trending_weight", options.trending_weight, true);

    for (std::size_t s = 0; s < signals.personal.size(); ++s) {
        const PersonalSignal& signal = signals.personal[s];
        check_option("weight of a personal signal", signal.weight, true);
        const double maximum =
            std::max(maximum_of("personal", signal.values, candidates), signal.reference);
        largest_personal_.push_back(maximum);
        for (std::size_t c = 0; c < candidates; ++c) {
            const double share = signal.weight * divided(signal.values, c, maximum);
            shares_[s * candidates + c] = share;
            parts_[c].person += share;
        }
    }

    largest_text_ = maximum_of("text", signals.text, candidates);
    uses_text_ = largest_text_ > 0;
    if (uses_text_) {
        double most_person = 0;
        for (const Parts& parts : parts_) {
            most_person = std::max(most_person, parts.person);
        }
        for (std::size_t c = 0; c < candidates; ++c) {
            const double text = std::max(divided(signals.text, c, largest_text_), 0.0);
            parts_[c].text = options.text_weight * std::log(text + options.offset);
            if (most_person > 0) {
                const double person = std::max(parts_[c].person / most_person, 0.0);
                parts_[c].person = options.person_weight * std::log(person + options.offset);
            } else {
                parts_[c].person = 0;
            }
        }
    }

    largest_popularity_ = maximum_of("popularity", signals.popularity, candidates);
    largest_trending_ = maximum_of("trending", signals.trending, candidates);
    largest_freshness_ = maximum_of("freshness", signals.freshness, candidates);
    for (std::size_t c = 0; c < candidates; ++c) {
        parts_[c].popularity =
            options.popularity_weight * divided(signals.popularity, c, largest_popularity_);
        parts_[c].trending =
            options.trending_weight * divided(signals.trending, c, largest_trending_);
        parts_[c].freshness =
            options.freshness_weight * divided(signals.freshness, c, largest_freshness_);
    }
}

}  // namespace knowhow
