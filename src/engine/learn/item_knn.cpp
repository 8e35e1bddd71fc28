#include "engine/learn/item_knn.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory_resource>
#include <vector>

#include "engine/learn/similarity.hpp"

namespace knowhow {
namespace {

constexpr std::array<Parameter, 3> kParameters = {{
    {"shrinkage", 20, 0, 1e6, false,
     "Similarities that rest on fewer people than about this many shrink towards zero."},
    {"user_activity", 0, 0, 1, false,
     "A person counts by their number of items to the power of minus this."},
    {"max_user_items", 20000, 2, 2147483647, true,
     "People with more items than this are left out: the time grows with the square."},
}};

SparseMatrix positive_values(SparseView matrix, std::pmr::memory_resource* resource,
                             Monitor& monitor) {
    SparseMatrix result(resource);
    const auto count = static_cast<std::size_t>(std::count_if(
        matrix.values().begin(), matrix.values().end(), [](float value) { return value > 0; }));
    result.column_count = matrix.column_count();
    result.offsets.reserve(static_cast<std::size_t>(matrix.row_count()) + 1);
    result.columns.reserve(count);
    result.values.reserve(count);
    result.offsets.push_back(0);
    PollEvery poll(monitor, 65536);
    for (std::int32_t r = 0; r < matrix.row_count(); ++r) {
        const SparseRow row = matrix.row(r);
        for (std::size_t k = 0; k < row.size(); ++k) {
            if (row.values[k] > 0) {
                result.columns.push_back(row.columns[k]);
                result.values.push_back(row.values[k]);
            }
            poll.step();
        }
        result.offsets.push_back(static_cast<std::int64_t>(result.values.size()));
        poll.step();
    }
    return result;
}

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
    const SparseView by_user = interactions.by_user();
    const SparseView by_item = interactions.by_item();
    const auto users = static_cast<std::size_t>(by_user.row_count());
    const auto items = static_cast<std::size_t>(by_item.row_count());
    PollEvery poll(monitor, 65536);

    // Whom each person leads to from one of their items: nobody where they do not count.
    const double max_user_items = parameters["max_user_items"];
    std::pmr::vector<std::int32_t> others(users, &budget);
    std::size_t positive = 0;
    for (std::size_t user = 0; user < users; ++user) {
        std::int32_t count = 0;
        for (const float value : by_user.row(static_cast<std::int32_t>(user)).values) {
            count += value > 0;
            poll.step();
        }
        positive += static_cast<std::size_t>(count);
        others[user] = count < 1 || count > max_user_items ? 0 : count - 1;
        poll.step();
    }
    std::pmr::vector<std::int32_t> reach(items, &budget);
    for (std::size_t item = 0; item < items; ++item) {
        const SparseRow row = by_item.row(static_cast<std::int32_t>(item));
        std::int64_t sum = 0;
        for (std::size_t k = 0; k < row.size(); ++k) {
            sum += row.values[k] > 0 ? others[static_cast<std::size_t>(row.columns[k])] : 0;
            poll.step();
        }
        reach[item] = static_cast<std::int32_t>(
            std::min<std::int64_t>(sum, static_cast<std::int64_t>(items) - 1));
        poll.step();
    }

    std::size_t bytes = sizeof(double) * (users + items);  // of people and of norms
    if (positive < interactions.size()) {
        // The copy without the others, by user and by item.
        bytes += 2 * positive * (sizeof(std::int32_t) + sizeof(float)) +
                 (users + items + 2) * sizeof(std::int64_t);
    }
    return bytes + top_similarities_memory(reach, options.targets, options.threads);
}

ItemItem ItemKnn::fit(const Interactions& interactions, const Parameters& parameters,
                      const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const {
    // Copies are needed only where there is something to leave out.
    SparseView by_user = interactions.by_user();
    SparseView by_item = interactions.by_item();
    SparseMatrix positive_by_user(&budget);
    SparseMatrix positive_by_item(&budget);
    if (std::any_of(by_user.values().begin(), by_user.values().end(),
                    [](float value) { return !(value > 0); })) {
        positive_by_user = positive_values(by_user, &budget, monitor);
        by_user = positive_by_user.view();
        positive_by_item = positive_values(by_item, &budget, monitor);
        by_item = positive_by_item.view();
    }

    PollEvery poll(monitor, 65536);
    const double activity = parameters["user_activity"];
    const double max_user_items = parameters["max_user_items"];
    std::pmr::vector<double> user_weight(static_cast<std::size_t>(by_user.row_count()), &budget);
    for (std::int32_t user = 0; user < by_user.row_count(); ++user) {
        const auto items = static_cast<double>(by_user.row(user).size());
        user_weight[static_cast<std::size_t>(user)] =
            items < 1 || items > max_user_items ? 0 : std::pow(items, -activity);
        poll.step();
    }
    std::pmr::vector<double> norm(static_cast<std::size_t>(by_item.row_count()), &budget);
    double all_squares = 0;
    std::int64_t counted = 0;
    for (std::int32_t item = 0; item < by_item.row_count(); ++item) {
        const SparseRow row = by_item.row(item);
        double squares = 0;
        for (std::size_t k = 0; k < row.size(); ++k) {
            if (user_weight[static_cast<std::size_t>(row.columns[k])] > 0) {
                const auto value = static_cast<double>(row.values[k]);
                squares += value * value;
                ++counted;
            }
            poll.step();
        }
        norm[static_cast<std::size_t>(item)] = std::sqrt(squares);
        all_squares += squares;
        poll.step();
    }

    const double scale = counted > 0 ? all_squares / static_cast<double>(counted) : 1;

    Similarity people;
    people.rows = by_item;
    people.columns = by_user;
    people.column_weight = user_weight;
    people.left = norm;
    people.right = norm;
    people.shrinkage = parameters["shrinkage"] * scale;
    return top_similarities(people, options.targets, options.threads, monitor, budget);
}

}  // namespace knowhow
