#include "engine/learn/column_ridge.hpp"

#include <algorithm>
#include <memory_resource>
#include <string>
#include <vector>

#include "engine/base/aligned.hpp"
#include "engine/base/eigen.hpp"
#include "engine/base/error.hpp"
#include "engine/base/parallel.hpp"
#include "engine/learn/cancellation.hpp"
#include "engine/learn/row_products.hpp"
#include "engine/learn/stages.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kRowsPerChunk = 8;
constexpr std::size_t kColumnsPerChunk = 4;

// Row k of the lower triangle, diagonal included, and then the right-hand side.
std::size_t packed_size(std::size_t support) {
    return support * (support + 1) / 2 + support;
}

// Where an item stands in the supports of a pass.
struct Place {
    std::int32_t column;
    std::int32_t index;
};

struct Pass {
    std::int32_t first;  // column
    std::int32_t last;   // after the last
};

// The columns that fit the area, at least one.
Pass next_pass(const ItemItem& columns, std::int32_t first, std::size_t area) {
    std::size_t bytes = 0;
    std::int32_t column = first;
    for (; column < columns.item_count(); ++column) {
        const std::size_t more = packed_size(columns.row(column).size()) * sizeof(float);
        if (column > first && bytes + more > area) {
            break;
        }
        bytes += more;
    }
    return {first, column};
}

bool keeps_gram(std::int32_t items, std::size_t passes, double products, RidgeMemory memory) {
    const auto n = static_cast<std::size_t>(items);
    return n * n * sizeof(float) <= memory.gram && passes > 1 &&
           static_cast<double>(passes - 1) * products > memory.products;
}

class Solver {
  public:
    Solver(const Likes& likes, double lambda, int threads, MemoryBudget& budget, ItemItem& columns)
        : likes_(likes),
          lambda_(lambda),
          threads_(std::max(threads, 1)),
          budget_(budget),
          columns_(columns),
          gram_(&budget) {
        sums_.reserve(static_cast<std::size_t>(threads_));
        for (int worker = 0; worker < threads_; ++worker) {
            sums_.emplace_back(items(), &budget_);
        }
    }

    // Computes G, for all passes.
    void multiply(Monitor& monitor) {
        gram_.resize(items() * items());
        Cancellation cancellation(monitor);
        parallel_for(items(), kRowsPerChunk, threads_, cancellation,
                     [&](std::size_t begin, std::size_t end, int worker) {
                         SparseSums& sums = sums_[static_cast<std::size_t>(worker)];
                         CheckedProducts products(cancellation);
                         for (std::size_t item = begin; item < end; ++item) {
                             cancellation.check();
                             products.add_row(likes_.by_item(), likes_.by_user(),
                                              likes_.user_weight(),
                                              static_cast<std::int32_t>(item), sums);
                             float* const row = gram_.data() + item * items();
                             sums.drain([row](std::int32_t position, double sum) {
                                 row[position] = static_cast<float>(sum);
                             });
                         }
                     });
    }

    void solve(Pass pass, Stages& stages) {
        const auto count = static_cast<std::size_t>(pass.last - pass.first);
        std::pmr::vector<std::size_t> offsets(count + 1, 0, &budget_);
        std::size_t longest = 0;
        for (std::size_t c = 0; c < count; ++c) {
            const std::size_t size = support(pass, c).size();
            longest = std::max(longest, size);
            offsets[c + 1] = offsets[c] + packed_size(size);
        }
        std::pmr::vector<float> packed(offsets[count], &budget_);
        stages.next(columns_.item_count());
        gather(pass, offsets, packed, stages);
        stages.next(columns_.item_count());
        factor(pass, offsets, packed, longest, stages);
    }

  private:
    std::size_t items() const { return static_cast<std::size_t>(likes_.item_count()); }

    std::span<const Target> support(Pass pass, std::size_t column) const {
        return columns_.row(pass.first + static_cast<std::int32_t>(column));
    }

    // Fills the small matrices of a pass from the rows of G, each computed once.
    void gather(Pass pass, const std::pmr::vector<std::size_t>& offsets,
                std::pmr::vector<float>& packed, Stages& stages) {
        const auto count = static_cast<std::size_t>(pass.last - pass.first);
        std::pmr::vector<std::size_t> starts(items() + 1, 0, &budget_);
        PollEvery poll(stages, 65536);
        for (std::size_t c = 0; c < count; ++c) {
            for (const Target& target : support(pass, c)) {
                ++starts[static_cast<std::size_t>(target.position) + 1];
                poll.step();
            }
        }
        for (std::size_t item = 0; item < items(); ++item) {
            starts[item + 1] += starts[item];
        }
        std::pmr::vector<Place> places(starts[items()], &budget_);
        {
            std::pmr::vector<std::size_t> next(starts.begin(), starts.end() - 1, &budget_);
            for (std::size_t c = 0; c < count; ++c) {
                const std::span<const Target> targets = support(pass, c);
                for (std::size_t k = 0; k < targets.size(); ++k) {
                    places[next[static_cast<std::size_t>(targets[k].position)]++] = {
                        static_cast<std::int32_t>(c), static_cast<std::int32_t>(k)};
                    poll.step();
                }
            }
        }

        Cancellation cancellation(stages);
        parallel_for(
            items(), kRowsPerChunk, threads_, cancellation,
            [&](std::size_t begin, std::size_t end, int worker) {
                SparseSums& sums = sums_[static_cast<std::size_t>(worker)];
                CheckedProducts products(cancellation);
                for (std::size_t item = begin; item < end; ++item) {
                    const std::span<const Place> here(places.data() + starts[item],
                                                      places.data() + starts[item + 1]);
                    if (here.empty()) {
                        continue;
                    }
                    cancellation.check();
                    if (!gram_.empty()) {
                        scatter(gram_.data() + item * items(), pass, here, offsets, packed,
                                cancellation);
                        continue;
                    }
                    products.add_row(likes_.by_item(), likes_.by_user(), likes_.user_weight(),
                                     static_cast<std::int32_t>(item), sums);
                    scatter(sums, pass, here, offsets, packed, cancellation);
                    sums.clear();
                }
            });
    }

    // Copies a row of G to where small matrices want it.
    template <typename Row>
    void scatter(const Row& row, Pass pass, std::span<const Place> places,
                 const std::pmr::vector<std::size_t>& offsets, std::pmr::vector<float>& packed,
                 Cancellation& cancellation) const {
        std::size_t since_check = 0;
        for (const Place& place : places) {
            const auto column = static_cast<std::size_t>(place.column);
            const auto k = static_cast<std::size_t>(place.index);
            const std::span<const Target> targets = support(pass, column);
            float* const out = packed.data() + offsets[column];
            float* const triangle = out + k * (k + 1) / 2;
            for (std::size_t l = 0; l <= k; ++l) {
                triangle[l] = static_cast<float>(row[targets[l].position]);
            }
            out[packed_size(targets.size()) - targets.size() + k] =
                static_cast<float>(row[pass.first + place.column]);
            since_check += k;
            if (since_check > (std::size_t{1} << 20)) {
                cancellation.check();
                since_check = 0;
            }
        }
    }

    void factor(Pass pass, const std::pmr::vector<std::size_t>& offsets,
                const std::pmr::vector<float>& packed, std::size_t longest, Stages& stages) {
        const auto count = static_cast<std::size_t>(pass.last - pass.first);
        const std::size_t stride = AlignedDoubles::padded(longest);
        const std::size_t each = stride * (longest + 1);
        const AlignedDoubles scratch(each * static_cast<std::size_t>(threads_), &budget_);
        Cancellation cancellation(stages);
        parallel_for(count, kColumnsPerChunk, threads_, cancellation,
                     [&](std::size_t begin, std::size_t end, int worker) {
                         double* const space =
                             scratch.data() + each * static_cast<std::size_t>(worker);
                         for (std::size_t c = begin; c < end; ++c) {
                             cancellation.check();
                             solve_one(pass.first + static_cast<std::int32_t>(c),
                                       packed.data() + offsets[c], space, stride);
                         }
                     });
    }

    void solve_one(std::int32_t column, const float* packed, double* space, std::size_t stride) {
        using Matrix = Eigen::Map<Eigen::MatrixXd, Eigen::Aligned64, Eigen::OuterStride<>>;
        using Vector = Eigen::Map<Eigen::VectorXd, Eigen::Aligned64>;
        const std::span<Target> targets = columns_.mutable_row(column);
        const std::size_t size = targets.size();
        if (size == 0) {
            return;
        }
        const auto n = static_cast<Eigen::Index>(size);
        Matrix matrix(space, n, n, Eigen::OuterStride<>(static_cast<Eigen::Index>(stride)));
        Vector solution(space + stride * size, n);
        const float* at = packed;
        for (Eigen::Index k = 0; k < n; ++k) {
            for (Eigen::Index l = 0; l <= k; ++l) {
                matrix(k, l) = static_cast<double>(*at++);
            }
            matrix(k, k) += lambda_;
        }
        for (Eigen::Index k = 0; k < n; ++k) {
            solution(k) = static_cast<double>(*at++);
        }
        Eigen::LLT<Eigen::Ref<Eigen::MatrixXd, Eigen::Aligned64, Eigen::OuterStride<>>> llt(matrix);
        if (llt.info() != Eigen::Success) {
            throw Error(ErrorCode::kNumericOutOfRange,
                        "a ridge of " + std::to_string(lambda_) +
                            " is too small for weights of this size to be solved with",
                        "Raise parameter \"ridge\".");
        }
        llt.solveInPlace(solution);
        for (std::size_t k = 0; k < size; ++k) {
            targets[k].weight = static_cast<float>(solution(static_cast<Eigen::Index>(k)));
        }
    }

    const Likes& likes_;
    const double lambda_;
    const int threads_;
    MemoryBudget& budget_;
    ItemItem& columns_;
    std::pmr::vector<SparseSums> sums_{&budget_};   // of each worker
    std::pmr::vector<float> gram_;                  // whole, by rows, or empty
};

}  // namespace

void solve_columns(const Likes& likes, double lambda, RidgeMemory memory, int threads,
                   Monitor& monitor, MemoryBudget& budget, ItemItem& columns) {
    std::size_t passes = 0;
    for (std::int32_t first = 0; first < columns.item_count();) {
        first = next_pass(columns, first, memory.area).last;
        ++passes;
    }
    const bool keeps =
        keeps_gram(columns.item_count(), passes, gram_products(likes.by_user()), memory);
    Stages stages(monitor, static_cast<std::int64_t>(2 * passes + keeps) * columns.item_count());
    Solver solver(likes, lambda, threads, budget, columns);
    if (keeps) {
        stages.next(columns.item_count());
        solver.multiply(stages);
    }
    for (std::int32_t first = 0; first < columns.item_count();) {
        const Pass pass = next_pass(columns, first, memory.area);
        solver.solve(pass, stages);
        first = pass.last;
    }
}

RidgeMemory ridge_memory(std::int32_t items) noexcept {
    const auto n = static_cast<std::size_t>(items);
    return {std::clamp(n * n / 2, std::size_t{4} << 20, std::size_t{1} << 30), std::size_t{64} << 20,
            3e9};
}

double gram_products(SparseView by_user) {
    double products = 0;
    for (std::int32_t user = 0; user < by_user.row_count(); ++user) {
        const auto items = static_cast<double>(by_user.row(user).size());
        products += items * items;
    }
    return products;
}

std::size_t solve_columns_memory(std::int32_t items, std::size_t longest, std::size_t entries,
                                 double products, RidgeMemory memory, int threads) {
    const auto n = static_cast<std::size_t>(items);
    const auto workers = static_cast<std::size_t>(std::max(threads, 1));
    const std::size_t one = packed_size(longest) * sizeof(float);
    const std::size_t most = std::max(memory.area, one);
    const std::size_t all = (entries / 2 * (longest + 3) + 1) * sizeof(float);
    // What a pass leaves free is less than one matrix.
    const std::size_t passes = all / std::max(memory.area - std::min(memory.area, one), one) + 1;
    return (keeps_gram(items, passes, products, memory) ? n * n * sizeof(float) : 0) +
           std::min(most, all) + std::min(entries, most / sizeof(float)) * sizeof(Place) +
           3 * (n + 1) * sizeof(std::size_t) +
           workers * (sizeof(SparseSums) + n * (sizeof(double) + sizeof(std::int32_t))) +
           workers * AlignedDoubles::padded(longest) * (longest + 1) * sizeof(double);
}

ItemItem strongest_by_row(ItemItem&& columns, std::int32_t targets, Monitor& monitor,
                          MemoryBudget& budget) {
    ItemItem rows = by_target(columns, monitor, budget);
    columns = ItemItem(0, &budget);
    keep_strongest_of_each(rows, static_cast<std::size_t>(targets), monitor, budget);
    return rows;
}

void keep_strongest_of_each(ItemItem& matrix, std::size_t count, Monitor& monitor,
                            MemoryBudget& budget) {
    std::pmr::vector<Target> kept(&budget);
    PollEvery poll(monitor, 64);
    for (std::int32_t item = 0; item < matrix.item_count(); ++item) {
        const std::span<const Target> row = matrix.row(item);
        kept.assign(row.begin(), row.end());
        std::erase_if(kept, [](const Target& target) { return target.weight == 0; });
        keep_strongest(kept, count);
        matrix.set_row(item, kept);
        poll.step();
    }
}

ItemItem by_target(const ItemItem& rows, Monitor& monitor, MemoryBudget& budget) {
    ItemItem result(rows.item_count(), &budget);
    std::pmr::vector<std::int32_t> counts(static_cast<std::size_t>(rows.item_count()), 0, &budget);
    PollEvery poll(monitor, 65536);
    for (std::int32_t item = 0; item < rows.item_count(); ++item) {
        for (const Target& target : rows.row(item)) {
            ++counts[static_cast<std::size_t>(target.position)];
            poll.step();
        }
    }
    for (std::int32_t item = 0; item < rows.item_count(); ++item) {
        result.resize_row(item, static_cast<std::size_t>(counts[static_cast<std::size_t>(item)]));
        counts[static_cast<std::size_t>(item)] = 0;
    }
    for (std::int32_t item = 0; item < rows.item_count(); ++item) {
        for (const Target& target : rows.row(item)) {
            const auto at = static_cast<std::size_t>(target.position);
            result.mutable_row(target.position)[static_cast<std::size_t>(counts[at]++)] = {
                item, target.weight};
            poll.step();
        }
    }
    return result;
}

}  // namespace knowhow
