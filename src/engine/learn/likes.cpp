#include "engine/learn/likes.hpp"

#include <algorithm>
#include <cmath>
#include <memory_resource>

namespace knowhow {
namespace {

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

Likes::Likes(const Interactions& interactions, double user_activity, double max_user_items,
             Monitor& monitor, MemoryBudget& budget)
    : by_user_(interactions.by_user()),
      by_item_(interactions.by_item()),
      user_weight_(&budget),
      squares_(&budget) {
    // Copies are needed only where there is something to leave out.
    if (std::any_of(by_user_.values().begin(), by_user_.values().end(),
                    [](float value) { return !(value > 0); })) {
        own_by_user_.emplace(positive_values(by_user_, &budget, monitor));
        by_user_ = own_by_user_->view();
        own_by_item_.emplace(positive_values(by_item_, &budget, monitor));
        by_item_ = own_by_item_->view();
    }

    PollEvery poll(monitor, 65536);
    user_weight_.resize(static_cast<std::size_t>(user_count()));
    for (std::int32_t user = 0; user < user_count(); ++user) {
        const auto items = static_cast<double>(by_user_.row(user).size());
        user_weight_[static_cast<std::size_t>(user)] =
            items < 1 || items > max_user_items ? 0 : std::pow(items, -user_activity);
        poll.step();
    }
    squares_.resize(static_cast<std::size_t>(item_count()));
    double all_squares = 0;
    std::int64_t counted = 0;
    for (std::int32_t item = 0; item < item_count(); ++item) {
        const SparseRow row = by_item_.row(item);
        double squares = 0;
        for (std::size_t k = 0; k < row.size(); ++k) {
            if (user_weight_[static_cast<std::size_t>(row.columns[k])] > 0) {
                const auto value = static_cast<double>(row.values[k]);
                squares += value * value;
                ++counted;
            }
            poll.step();
        }
        squares_[static_cast<std::size_t>(item)] = squares;
        all_squares += squares;
        poll.step();
    }
    if (counted > 0) {
        mean_square_ = all_squares / static_cast<double>(counted);
    }
}

std::size_t likes_memory(const Interactions& interactions, Monitor& monitor) {
    const auto users = static_cast<std::size_t>(interactions.user_count());
    const auto items = static_cast<std::size_t>(interactions.item_count());
    std::size_t positive = 0;
    PollEvery poll(monitor, 65536);
    const SparseView by_user = interactions.by_user();
    for (const float value : by_user.values()) {
        positive += value > 0;
        poll.step();
    }
    std::size_t bytes = sizeof(double) * (users + items);
    if (positive < interactions.size()) {
        // The copy without the others, by user and by item.
        bytes += 2 * positive * (sizeof(std::int32_t) + sizeof(float)) +
                 (users + items + 2) * sizeof(std::int64_t);
    }
    return bytes;
}

std::pmr::vector<std::int32_t> reach_of_items(const Interactions& interactions,
                                              double max_user_items, Monitor& monitor,
                                              MemoryBudget& budget) {
    const SparseView by_user = interactions.by_user();
    const SparseView by_item = interactions.by_item();
    const auto users = static_cast<std::size_t>(by_user.row_count());
    const auto items = static_cast<std::size_t>(by_item.row_count());
    PollEvery poll(monitor, 65536);

    // Whom each person leads to from one of their items: nobody where they do not count.
    std::pmr::vector<std::int32_t> others(users, &budget);
    for (std::size_t user = 0; user < users; ++user) {
        std::int32_t count = 0;
        for (const float value : by_user.row(static_cast<std::int32_t>(user)).values) {
            count += value > 0;
            poll.step();
        }
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
    return reach;
}

}  // namespace knowhow
