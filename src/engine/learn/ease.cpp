#include "engine/learn/ease.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/base/parallel.hpp"
#include "engine/learn/cancellation.hpp"
#include "engine/learn/column_ridge.hpp"
#include "engine/learn/dense_inverse.hpp"
#include "engine/learn/likes.hpp"
#include "engine/learn/row_products.hpp"
#include "engine/learn/stages.hpp"

namespace knowhow {
namespace {

// Of a target: the time to refit is its cube.
std::size_t most_support(std::int32_t targets) {
    return std::min<std::size_t>(5 * static_cast<std::size_t>(targets), 1000);
}

constexpr std::size_t kRowsPerChunk = 8;

constexpr std::array<double, 5> kRidges = {10, 30, 100, 300, 1000};
constexpr std::array<double, 2> kActivities = {0, .5};

constexpr std::array<Parameter, 3> kParameters = {{
    {"ridge", 100, 1e-3, 1e9, false,
     "Regularization: what rests on fewer people than about this many shrinks towards zero.",
     kRidges},
    {"user_activity", 0, 0, 1, false,
     "A person counts by their number of items to the power of minus this.",
     kActivities},
    {"max_user_items", 20000, 2, 2147483647, true,
     "People with more items than this are left out: the time grows with the square."},
}};

// G + λI.
void fill(const Likes& likes, double lambda, int threads, Monitor& monitor, MemoryBudget& budget,
          DenseSymmetric& matrix) {
    const std::size_t items = matrix.size();
    std::pmr::vector<SparseSums> sums(&budget);
    sums.reserve(static_cast<std::size_t>(threads));
    for (int worker = 0; worker < threads; ++worker) {
        sums.emplace_back(items, &budget);
    }
    Cancellation cancellation(monitor);
    parallel_for(items, kRowsPerChunk, threads, cancellation,
                 [&](std::size_t begin, std::size_t end, int worker) {
                     SparseSums& row = sums[static_cast<std::size_t>(worker)];
                     CheckedProducts products(cancellation);
                     for (std::size_t item = begin; item < end; ++item) {
                         cancellation.check();
                         products.add_row(likes.by_item(), likes.by_user(), likes.user_weight(),
                                          static_cast<std::int32_t>(item), row);
                         for (std::size_t other = item; other < items; ++other) {
                             matrix.lower(other, item) = row[static_cast<std::int32_t>(other)];
                         }
                         matrix.lower(item, item) += lambda;
                         row.clear();
                     }
                 });
}

// The strongest of each row of -P_ij / P_jj.
ItemItem truncate(const DenseSymmetric& inverse, std::int32_t targets, int threads,
                  Monitor& monitor, MemoryBudget& budget) {
    const std::size_t items = inverse.size();
    ItemItem result(static_cast<std::int32_t>(items), &budget);
    std::pmr::vector<std::pmr::vector<Target>> found(static_cast<std::size_t>(threads), &budget);
    for (auto& mine : found) {
        mine.reserve(items);
    }
    Cancellation cancellation(monitor);
    parallel_for(
        items, kRowsPerChunk, threads, cancellation,
        [&](std::size_t begin, std::size_t end, int worker) {
            std::pmr::vector<Target>& mine = found[static_cast<std::size_t>(worker)];
            for (std::size_t item = begin; item < end; ++item) {
                cancellation.check();
                mine.clear();
                for (std::size_t other = 0; other < items; ++other) {
                    const auto weight = static_cast<float>(-inverse.at(item, other) /
                                                           inverse.lower(other, other));
                    if (other != item && weight != 0) {
                        mine.push_back({static_cast<std::int32_t>(other), weight});
                    }
                }
                keep_strongest(mine, static_cast<std::size_t>(targets));
                result.set_row(static_cast<std::int32_t>(item), mine);
            }
        });
    return result;
}

}  // namespace

std::string_view Ease::description() const {
    return "Ridge regression of each item on all others, in closed form.";
}

std::span<const Parameter> Ease::parameters() const {
    return kParameters;
}

std::size_t Ease::fit_memory(const Interactions& interactions, const Parameters& /*parameters*/,
                             const FitOptions& options, Monitor& monitor,
                             MemoryBudget& budget) const {
    const auto items = static_cast<std::size_t>(interactions.item_count());
    const auto workers = static_cast<std::size_t>(std::max(options.threads, 1));
    const std::size_t row =
        std::min(static_cast<std::size_t>(options.targets), items) * sizeof(Target) +
        sizeof(std::pmr::vector<Target>);
    const std::size_t entries = items * std::min(static_cast<std::size_t>(options.targets), items);
    const std::size_t inverting =
        DenseSymmetric::memory(items) +
        workers * (sizeof(SparseSums) + items * (sizeof(double) + sizeof(std::int32_t))) +
        items * row;
    const std::size_t refitting =
        2 * items * row + items * sizeof(std::int32_t) +
        solve_columns_memory(interactions.item_count(),
                             std::min(items, most_support(options.targets)), entries,
                             gram_products(interactions.by_user()),
                             ridge_memory(interactions.item_count(), budget), options.threads);
    return likes_memory(interactions, monitor) + std::max(inverting, refitting);
}

ItemItem Ease::fit(const Interactions& interactions, const Parameters& parameters,
                   const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const {
    check_options(options);
    const int threads = std::max(options.threads, 1);
    const Likes likes(interactions, parameters["user_activity"], parameters["max_user_items"],
                      monitor, budget);
    const double lambda = parameters["ridge"] * likes.mean_square();
    const std::int64_t items = likes.item_count();

    Stages stages(monitor, 20 * items);
    ItemItem rows(0, &budget);
    {
        DenseSymmetric matrix(static_cast<std::size_t>(items), &budget);
        stages.next(items);
        fill(likes, lambda, threads, stages, budget, matrix);
        stages.next(15 * items);
        matrix.invert(threads, stages);
        stages.next(2 * items);
        rows = truncate(matrix, options.targets, threads, stages, budget);
    }
    ItemItem columns = by_target(rows, stages, budget);
    rows = ItemItem(0, &budget);
    keep_strongest_of_each(columns, most_support(options.targets), stages, budget);
    stages.next(2 * items);
    solve_columns(likes, lambda, ridge_memory(likes.item_count(), budget), threads, stages, budget,
                  columns);
    return strongest_by_row(std::move(columns), options.targets, stages, budget);
}

}  // namespace knowhow
