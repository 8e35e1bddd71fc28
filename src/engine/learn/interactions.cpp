#include "engine/learn/interactions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kBlockRows = 49152;
constexpr unsigned kPollSteps = 65536;

std::optional<std::int32_t> position_of(std::span<const std::int64_t> ids,
                                        std::int64_t id) noexcept {
    const auto found = std::lower_bound(ids.begin(), ids.end(), id);
    if (found == ids.end() || *found != id) {
        return std::nullopt;
    }
    return static_cast<std::int32_t>(found - ids.begin());
}

std::string pair_name(std::int64_t user, std::int64_t item) {
    return "user " + std::to_string(user) + " and item " + std::to_string(item);
}

}  // namespace

std::optional<std::int32_t> Interactions::user_position(std::int64_t user) const noexcept {
    return position_of(users_, user);
}

std::optional<std::int32_t> Interactions::item_position(std::int64_t item) const noexcept {
    return position_of(items_, item);
}

// The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
std::size_t InteractionsBuilder::Mix::operator()(std::int64_t id) const noexcept {
    auto x = static_cast<std::uint64_t>(id) + 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return static_cast<std::size_t>(x ^ (x >> 31));
}

InteractionsBuilder::InteractionsBuilder(MemoryBudget& budget, Monitor& monitor)
    : budget_(budget),
      monitor_(monitor),
      poll_(monitor, kPollSteps),
      users_(&budget),
      items_(&budget),
      blocks_(&budget) {}

std::int32_t InteractionsBuilder::number(Index& index, std::int64_t id, const char* what) {
    if (const auto found = index.find(id); found != index.end()) {
        return found->second;
    }
    if (index.size() >= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
        throw Error(ErrorCode::kLimitExceeded,
                    std::string("more than 2147483647 distinct ") + what);
    }
    const auto next = static_cast<std::int32_t>(index.size());
    index.emplace(id, next);
    return next;
}

void InteractionsBuilder::add(std::int64_t user, std::int64_t item, float weight,
                              std::int32_t minute) {
    if (!std::isfinite(weight)) {
        throw Error(ErrorCode::kInvalidArgument,
                    "weight of " + pair_name(user, item) + " is " + std::to_string(weight),
                    "Weights of interactions are finite numbers.");
    }
    if (blocks_.empty() || blocks_.back().size() == kBlockRows) {
        blocks_.emplace_back();
        blocks_.back().reserve(kBlockRows);
    }
    blocks_.back().push_back(
        {number(users_, user, "users"), number(items_, item, "items"), weight, minute});
    ++row_count_;
    poll_.step();
}

void InteractionsBuilder::add_item(std::int64_t item) {
    number(items_, item, "items");
    poll_.step();
}

std::pmr::vector<std::int32_t> InteractionsBuilder::positions(Index& index,
                                                              std::pmr::vector<std::int64_t>& ids) {
    ids.reserve(index.size());
    for (const auto& entry : index) {
        ids.push_back(entry.first);
        poll_.step();
    }
    std::sort(ids.begin(), ids.end(), [&](std::int64_t a, std::int64_t b) {
        poll_.step();
        return a < b;
    });
    std::pmr::vector<std::int32_t> result(ids.size(), &budget_);
    for (std::size_t position = 0; position < ids.size(); ++position) {
        result[static_cast<std::size_t>(index.find(ids[position])->second)] =
            static_cast<std::int32_t>(position);
        poll_.step();
    }
    Index(&budget_).swap(index);
    return result;
}

// Within a user equal items are neighbours; their sums move forward over the gaps.
void InteractionsBuilder::add_up_duplicates(Interactions& result) {
    SparseMatrix& matrix = result.by_user_;
    std::size_t out = 0;
    std::size_t begin = 0;
    for (std::size_t user = 0; user < result.users_.size(); ++user) {
        const auto end = static_cast<std::size_t>(matrix.offsets[user + 1]);
        while (begin < end) {
            std::size_t run = begin + 1;
            while (run < end && matrix.columns[run] == matrix.columns[begin]) {
                ++run;
                poll_.step();
            }
            float sum = matrix.values[begin];
            if (run - begin > 1) {
                std::sort(matrix.values.begin() + static_cast<std::ptrdiff_t>(begin),
                          matrix.values.begin() + static_cast<std::ptrdiff_t>(run),
                          [&](float a, float b) {
                              poll_.step();
                              return a < b;
                          });
                double exact = 0;
                for (std::size_t k = begin; k < run; ++k) {
                    exact += static_cast<double>(matrix.values[k]);
                }
                if (std::abs(exact) > static_cast<double>(std::numeric_limits<float>::max())) {
                    const auto item = static_cast<std::size_t>(matrix.columns[begin]);
                    throw Error(ErrorCode::kInvalidArgument,
                                "weights of " +
                                    pair_name(result.users_[user], result.items_[item]) +
                                    " add up to more than a float holds");
                }
                sum = static_cast<float>(exact);
            }
            matrix.columns[out] = matrix.columns[begin];
            matrix.values[out] = sum;
            ++out;
            begin = run;
            poll_.step();
        }
        matrix.offsets[user + 1] = static_cast<std::int64_t>(out);
    }
    if (out < matrix.columns.size()) {
        matrix.columns.resize(out);
        matrix.columns.shrink_to_fit();
        matrix.values.resize(out);
        matrix.values.shrink_to_fit();
    }
}

// Sums of whole numbers, which come out the same in whatever order rows arrive: weights are scaled
// so that even all rows together, each as heavy as the heaviest, stay below 2^62.
void InteractionsBuilder::add_up_trends(Interactions& result, const Fading& fading,
                                        const std::pmr::vector<std::int32_t>& item_at) {
    float heaviest = 0;
    std::int32_t newest = kNoMinute;
    for (const auto& block : blocks_) {
        monitor_.poll();
        for (const Row& row : block) {
            heaviest = std::max(heaviest, row.weight);
            newest = std::max(newest, row.minute);
        }
    }
    result.trending_.assign(result.items_.size(), 0.0F);
    result.newest_minute_ = newest = std::min(newest, fading.now);
    if (newest == kNoMinute || heaviest <= 0) {
        return;
    }
    const int scale = 62 - std::ilogb(static_cast<double>(row_count_)) - 1 -
                      std::ilogb(static_cast<double>(heaviest)) - 1;
    std::pmr::vector<std::int64_t> sums(result.items_.size(), 0, &budget_);
    for (const auto& block : blocks_) {
        monitor_.poll();
        for (const Row& row : block) {
            if (row.weight > 0) {
                const double value = static_cast<double>(row.weight) *
                                     faded(row.minute, newest, fading.half_life);
                sums[static_cast<std::size_t>(item_at[static_cast<std::size_t>(row.item)])] +=
                    std::llround(std::ldexp(value, scale));
            }
        }
    }
    for (std::size_t item = 0; item < sums.size(); ++item) {
        const double trend = std::ldexp(static_cast<double>(sums[item]), -scale);
        result.trending_[item] = static_cast<float>(
            std::min(trend, static_cast<double>(std::numeric_limits<float>::max())));
        poll_.step();
    }
}

// While the rows are sorted by item they lie there twice, as rows (held already) and as a matrix;
// after that as two matrices.
std::size_t InteractionsBuilder::finish_memory() const noexcept {
    constexpr std::size_t kValue = sizeof(std::int32_t) + sizeof(float);
    const std::size_t users = users_.size();
    const std::size_t items = items_.size();
    const std::size_t held = blocks_.size() * kBlockRows * sizeof(Row);
    const std::size_t sorting = row_count_ * kValue + held;
    const std::size_t transposing = 2 * row_count_ * kValue;
    const std::size_t peak = std::max(sorting, transposing);
    // Ids, positions, trends, two lists of offsets and where the next value goes.
    return peak - held + (users + items) * (sizeof(std::int64_t) + sizeof(std::int32_t)) +
           items * sizeof(float) +
           (2 * (users + items) + std::max(users, items) + 3) * sizeof(std::int64_t);
}

// Two counting sorts, by item and then (stably) by user.
Interactions InteractionsBuilder::finish(const Fading& fading) && {
    Interactions result(&budget_);
    const std::pmr::vector<std::int32_t> user_at = positions(users_, result.users_);
    const std::pmr::vector<std::int32_t> item_at = positions(items_, result.items_);

    add_up_trends(result, fading, item_at);

    SparseMatrix rows(&budget_);  // items × users, users in the order of arrival
    {
        rows.column_count = result.user_count();
        rows.offsets.assign(result.items_.size() + 1, 0);
        std::pmr::vector<std::int64_t> next(result.items_.size(), 0, &budget_);
        for (const auto& block : blocks_) {
            monitor_.poll();
            for (const Row& row : block) {
                ++next[static_cast<std::size_t>(item_at[static_cast<std::size_t>(row.item)])];
            }
        }
        std::int64_t total = 0;
        for (std::size_t item = 0; item < next.size(); ++item) {
            const std::int64_t count = next[item];
            next[item] = total;
            total += count;
            rows.offsets[item + 1] = total;
            poll_.step();
        }
        rows.columns.resize(row_count_);
        monitor_.poll();
        rows.values.resize(row_count_);
        for (auto& block : blocks_) {
            monitor_.poll();
            for (const Row& row : block) {
                const auto item =
                    static_cast<std::size_t>(item_at[static_cast<std::size_t>(row.item)]);
                const auto at = static_cast<std::size_t>(next[item]++);
                rows.columns[at] = user_at[static_cast<std::size_t>(row.user)];
                rows.values[at] = row.weight;
            }
        }
    }
    std::pmr::vector<std::pmr::vector<Row>>(&budget_).swap(blocks_);
    row_count_ = 0;

    result.by_user_ = transpose(rows.view(), &budget_, monitor_);
    rows = SparseMatrix(&budget_);
    add_up_duplicates(result);
    result.by_item_ = transpose(result.by_user(), &budget_, monitor_);
    return result;
}

}  // namespace knowhow
