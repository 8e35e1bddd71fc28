#include "engine/learn/item_knn.hpp"

#include <array>
#include <cmath>
#include <memory_resource>
#include <vector>

#include "engine/learn/likes.hpp"
#include "engine/learn/similarity.hpp"

namespace knowhow {
namespace {

constexpr std::array<double, 4> kShrinkages = {0, 10, 50, 200};
constexpr std::array<double, 2> kActivities = {0, .5};

constexpr std::array<Parameter, 3> kParameters = {{
    {"shrinkage", 20, 0, 1e6, false,
     "Similarities that rest on fewer people than about this many shrink towards zero.",
     kShrinkages},
    {"user_activity", 0, 0, 1, false,
     "A person counts by their number of items to the power of minus this.",
     kActivities},
    {"max_user_items", 20000, 2, 2147483647, true,
     "People with more items than this are left out: the time grows with the square."},
}};

}  // namespace

std::string_view ItemKnn::description() const {
    return "Cosine between items over the people who like both, with shrinkage.";
}

std::span<const Parameter> ItemKnn::parameters() const {
    return kParameters;
}

std::size_t ItemKnn::fit_memory(const Interactions& interactions, const Parameters& parameters,
                                const FitOptions& options, Monitor& monitor,
                                MemoryBudget& budget) const {
    const std::pmr::vector<std::int32_t> reach =
        reach_of_items(interactions, parameters["max_user_items"], monitor, budget);
    return likes_memory(interactions, monitor) + reach.size() * sizeof(double) +
           top_similarities_memory(reach, options.targets, options.threads);
}

ItemItem ItemKnn::fit(const Interactions& interactions, const Parameters& parameters,
                      const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const {
    const Likes likes(interactions, parameters["user_activity"], parameters["max_user_items"],
                      monitor, budget);
    std::pmr::vector<double> norm(likes.squares().begin(), likes.squares().end(), &budget);
    for (double& value : norm) {
        value = std::sqrt(value);
    }

    Similarity people;
    people.rows = likes.by_item();
    people.columns = likes.by_user();
    people.column_weight = likes.user_weight();
    people.left = norm;
    people.right = norm;
    people.shrinkage = parameters["shrinkage"] * likes.mean_square();
    return top_similarities(people, options.targets, options.threads, monitor, budget);
}

}  // namespace knowhow
