#include "engine/learn/slim.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "engine/learn/column_ridge.hpp"
#include "engine/learn/likes.hpp"
#include "engine/learn/similarity.hpp"
#include "engine/learn/stages.hpp"

namespace knowhow {
namespace {

constexpr std::array<double, 5> kRidges = {10, 30, 100, 300, 1000};
constexpr std::array<double, 2> kActivities = {0, .5};

constexpr std::array<Parameter, 4> kParameters = {{
    {"candidates", 200, 1, 1000, true, "Items that each item is explained by, at most."},
    {"ridge", 100, 1e-3, 1e9, false,
     "Regularization: what rests on fewer people than about this many shrinks towards zero.",
     kRidges},
    {"user_activity", 0, 0, 1, false,
     "A person counts by their number of items to the power of minus this.",
     kActivities},
    {"max_user_items", 20000, 2, 2147483647, true,
     "People with more items than this are left out: the time grows with the square."},
}};

}  // namespace

std::string_view Slim::description() const {
    return "Ridge regression of each item on its nearest others.";
}

std::span<const Parameter> Slim::parameters() const {
    return kParameters;
}

std::size_t Slim::fit_memory(const Interactions& interactions, const Parameters& parameters,
                             const FitOptions& options, Monitor& monitor,
                             MemoryBudget& budget) const {
    const auto candidates = static_cast<std::int32_t>(parameters["candidates"]);
    const std::pmr::vector<std::int32_t> reach =
        reach_of_items(interactions, parameters["max_user_items"], monitor, budget);
    std::size_t entries = 0;
    std::size_t longest = 0;
    for (const std::int32_t count : reach) {
        const auto size = static_cast<std::size_t>(std::min(count, candidates));
        entries += size;
        longest = std::max(longest, size);
    }
    const std::size_t items = reach.size();
    const std::size_t columns = items * sizeof(std::pmr::vector<Target>) + entries * sizeof(Target);
    const std::size_t solving =
        columns + solve_columns_memory(interactions.item_count(), longest, entries,
                                       gram_products(interactions.by_user()),
                                       ridge_memory(interactions.item_count(), budget),
                                       options.threads);
    return likes_memory(interactions, monitor) + 2 * items * sizeof(double) +
           std::max({top_similarities_memory(reach, candidates, options.threads), solving,
                     2 * columns + items * sizeof(std::int32_t)});
}

ItemItem Slim::fit(const Interactions& interactions, const Parameters& parameters,
                   const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const {
    check_options(options);
    const Likes likes(interactions, parameters["user_activity"], parameters["max_user_items"],
                      monitor, budget);
    const double lambda = parameters["ridge"] * likes.mean_square();
    const auto items = static_cast<std::size_t>(likes.item_count());
    const std::pmr::vector<double> ones(items, 1.0, &budget);
    std::pmr::vector<double> right(likes.squares().begin(), likes.squares().end(), &budget);
    for (double& value : right) {
        value = std::sqrt(value + lambda);
    }
    Similarity nearest;
    nearest.rows = likes.by_item();
    nearest.columns = likes.by_user();
    nearest.column_weight = likes.user_weight();
    nearest.left = ones;
    nearest.right = right;

    Stages stages(monitor, 3 * likes.item_count());
    stages.next(likes.item_count());
    ItemItem columns =
        top_similarities(nearest, static_cast<std::int32_t>(parameters["candidates"]),
                         options.threads, stages, budget);
    const RidgeMemory memory = ridge_memory(likes.item_count(), budget);
    stages.next(likes.item_count());
    solve_columns(likes, lambda, memory, options.threads, stages, budget, columns);
    ItemItem rows = strongest_by_row(std::move(columns), options.targets, stages, budget);
    columns = by_target(rows, stages, budget);
    rows = ItemItem(0, &budget);
    stages.next(likes.item_count());
    solve_columns(likes, lambda, memory, options.threads, stages, budget, columns);
    return strongest_by_row(std::move(columns), options.targets, stages, budget);
}

}  // namespace knowhow
