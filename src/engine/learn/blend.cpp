#include "engine/learn/blend.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <vector>

#include "engine/learn/ials.hpp"
#include "engine/learn/slim.hpp"
#include "engine/learn/stages.hpp"

namespace knowhow {
namespace {

constexpr std::array<double, 4> kShares = {.3, .5, .7, .85};

const Slim kSlim;
const Ials kIals;

// What tune() tries of both together would take days: the share decides most.
std::vector<Parameter> own_parameters() {
    std::vector<Parameter> all = {
        {"ials_share", 0.7, 0, 1, false, "The part of ials in the sum; the rest is slim's.",
         kShares}};
    for (const Learner* learner : std::initializer_list<const Learner*>{&kSlim, &kIals}) {
        for (Parameter parameter : learner->parameters()) {
            if (std::ranges::find(all, parameter.name, &Parameter::name) == all.end()) {
                parameter.grid = {};
                all.push_back(parameter);
            }
        }
    }
    return all;
}

Parameters parameters_of(const Learner& learner, const Parameters& all) {
    std::vector<std::pair<std::string, double>> given;
    for (const Parameter& parameter : learner.parameters()) {
        given.emplace_back(parameter.name, all[parameter.name]);
    }
    return Parameters(learner.parameters(), given);
}

// √(Σ_i weights[i] ‖row i‖²).
double norm(const ItemItem& rows, std::span<const double> weights, Monitor& monitor) {
    double squares = 0;
    PollEvery poll(monitor, 4096);
    for (std::int32_t item = 0; item < rows.item_count(); ++item) {
        double row = 0;
        for (const Target& target : rows.row(item)) {
            row += static_cast<double>(target.weight) * static_cast<double>(target.weight);
        }
        squares += weights[static_cast<std::size_t>(item)] * row;
        poll.step();
    }
    return std::sqrt(squares);
}

}  // namespace

std::string_view Blend::description() const {
    return "The weighted mean of slim and ials.";
}

std::span<const Parameter> Blend::parameters() const {
    static const std::vector<Parameter> all = own_parameters();
    return all;
}

std::size_t Blend::fit_memory(const Interactions& interactions, const Parameters& parameters,
                              const FitOptions& options, Monitor& monitor,
                              MemoryBudget& budget) const {
    const auto items = static_cast<std::size_t>(interactions.item_count());
    const std::size_t rows =
        items * (sizeof(std::pmr::vector<Target>) +
                 std::min(items, static_cast<std::size_t>(options.targets)) * sizeof(Target));
    return std::max(kSlim.fit_memory(interactions, parameters_of(kSlim, parameters), options,
                                     monitor, budget),
                    rows + kIals.fit_memory(interactions, parameters_of(kIals, parameters),
                                            options, monitor, budget));
}

ItemItem Blend::fit(const Interactions& interactions, const Parameters& parameters,
                    const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const {
    check_options(options);
    const auto all =
        static_cast<std::int64_t>(interactions.user_count()) + interactions.item_count();
    Stages stages(monitor, 3 * all);
    stages.next(all);
    ItemItem rows =
        kSlim.fit(interactions, parameters_of(kSlim, parameters), options, stages, budget);
    const Parameters of_ials = parameters_of(kIals, parameters);
    const Likes likes(interactions, 0, of_ials["max_user_items"], stages, budget);
    stages.next(all);
    const IalsFactors factors(likes, Ials::settings(of_ials, options), stages, budget);
    stages.next(all);
    const double share = parameters["ials_share"];
    const double scale = std::sqrt(
        std::accumulate(likes.squares().begin(), likes.squares().end(), 0.0));
    const double of_slim = norm(rows, likes.squares(), stages);
    const double of_factors = factors.linear_norm(likes.squares(), stages, budget);
    return factors.linear(options.targets, stages, budget,
                          {&rows, of_factors > 0 ? scale * share / of_factors : 0,
                           of_slim > 0 ? scale * (1 - share) / of_slim : 0});
}

}  // namespace knowhow
