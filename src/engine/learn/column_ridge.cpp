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
#include "engine/learn/small_gram.hpp"
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

// What a column takes while it is being solved.
std::size_t column_bytes(std::size_t support) {
    return packed_size(support) * sizeof(float) + support * sizeof(Place);
}

// The doubles that a worker takes to solve columns alone, which is a little more than in a pass.
std::size_t alone_scratch(std::size_t longest) {
    return AlignedDoubles::padded(longest + 1) * (longest + 2) + AlignedDoubles::padded(1);
}

struct Pass {
    std::int32_t first;  // column
    std::int32_t last;   // after the last
};

// The columns that fit the area, at least one.
Pass next_pass(const ItemItem& columns, std::int32_t first, std::size_t area) {
    std::size_t bytes = 0;
    std::int32_t column = first;
    for (; column < columns.item_count(); ++column) {
        const std::size_t more = column_bytes(columns.row(column).size());
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

// The small system of one column, in a worker's scratch space.
struct System {
    using Matrix = Eigen::Map<Eigen::MatrixXd, Eigen::Aligned64, Eigen::OuterStride<>>;
    using Vector = Eigen::Map<Eigen::VectorXd, Eigen::Aligned64>;

    System(double* space, std::size_t stride, std::size_t size)
        : matrix(space, static_cast<Eigen::Index>(size), static_cast<Eigen::Index>(size),
                 Eigen::OuterStride<>(static_cast<Eigen::Index>(stride))),
          solution(space + stride * size, static_cast<Eigen::Index>(size)) {}

    Matrix matrix;    // the lower triangle of G[S, S]
    Vector solution;  // first G[S, j]
};

// How many people like an item or one of its support, each counted for each of these items.
std::size_t most_likes_of_column(const Likes& likes, const ItemItem& columns, Monitor& monitor) {
    std::size_t most = 0;
    PollEvery poll(monitor, 256);
    for (std::int32_t column = 0; column < columns.item_count(); ++column) {
        std::size_t count = likes.by_item().row(column).size();
        for (const Target& target : columns.row(column)) {
            count += likes.by_item().row(target.position).size();
        }
        most = std::max(most, count);
        poll.step();
    }
    return most;
}

// What it would take to sum G for each column alone, counted on some of them and for no more than
// `most`, in products of CheckedProducts::add_row(). That goes to and fro in a vector of all items:
// the two ways took equally long on generated data where one of its products counts like two pairs.
double products_alone(const Likes& likes, const ItemItem& columns, double most, Monitor& monitor,
                      MemoryBudget& budget) {
    constexpr std::int32_t kOneIn = 64;
    constexpr double kLike = .6;
    constexpr double kPair = .4;
    SmallGram gram(likes, 0, &budget);
    Cancellation cancellation(monitor);
    double products = 0;
    for (std::int32_t column = 0; column < columns.item_count() && products < most;
         column += kOneIn) {
        cancellation.check();
        const SmallGram::Steps steps = gram.count(column, columns.row(column), cancellation);
        products += kOneIn * (kLike * static_cast<double>(steps.likes) +
                              kPair * static_cast<double>(steps.pairs));
    }
    return products;
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

    // All columns, each with its own part of G.
    void solve_alone(std::size_t most_likes, Stages& stages) {
        std::size_t longest = 0;
        for (std::int32_t column = 0; column < columns_.item_count(); ++column) {
            longest = std::max(longest, columns_.row(column).size());
        }
        // The sums, by rows, are below the diagonal; the system, by columns, takes their mirror
        // image. One row and one column before it are the target's.
        const std::size_t stride = AlignedDoubles::padded(longest + 1);
        const std::size_t each = alone_scratch(longest);
        const AlignedDoubles scratch(each * static_cast<std::size_t>(threads_), &budget_);
        std::pmr::vector<SmallGram> grams(&budget_);
        grams.reserve(static_cast<std::size_t>(threads_));
        for (int worker = 0; worker < threads_; ++worker) {
            grams.emplace_back(likes_, most_likes, &budget_);
        }
        const std::pmr::vector<double> diagonal = diagonal_of_gram();
        Cancellation cancellation(stages);
        parallel_for(items(), 1, threads_, cancellation,
                     [&](std::size_t begin, std::size_t /*end*/, int worker) {
                         cancellation.check();
                         const auto column = static_cast<std::int32_t>(begin);
                         const std::span<const Target> targets = columns_.row(column);
                         double* const space = scratch.data() +
                                               each * static_cast<std::size_t>(worker) + stride +
                                               AlignedDoubles::padded(1);
                         double* const sums = space - stride - 1;
                         std::fill_n(sums, stride * (targets.size() + 1), 0.0);
                         grams[static_cast<std::size_t>(worker)].sum(column, targets, stride, sums,
                                                                     cancellation);
                         System system(space, stride, targets.size());
                         for (std::size_t k = 0; k < targets.size(); ++k) {
                             const auto at = static_cast<Eigen::Index>(k);
                             const double* const row = space + stride * k;
                             for (std::size_t l = 0; l < k; ++l) {
                                 system.matrix(at, static_cast<Eigen::Index>(l)) = rounded(row[l]);
                             }
                             system.matrix(at, at) = rounded(
                                 diagonal[static_cast<std::size_t>(targets[k].position)]);
                             system.solution(at) = rounded(sums[stride * (k + 1)]);
                         }
                         solve_system(column, system);
                     });
    }

  private:
    // As what is kept in other ways.
    static double rounded(double sum) { return static_cast<double>(static_cast<float>(sum)); }

    std::pmr::vector<double> diagonal_of_gram() const {
        std::pmr::vector<double> diagonal(items(), 0.0, &budget_);
        for (std::size_t item = 0; item < items(); ++item) {
            const SparseRow row = likes_.by_item().row(static_cast<std::int32_t>(item));
            for (std::size_t n = 0; n < row.size(); ++n) {
                const auto value = static_cast<double>(row.values[n]);
                diagonal[item] +=
                    likes_.user_weight()[static_cast<std::size_t>(row.columns[n])] * value * value;
            }
        }
        return diagonal;
    }

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
                             solve_packed(pass.first + static_cast<std::int32_t>(c),
                                          packed.data() + offsets[c], space, stride);
                         }
                     });
    }

    void solve_packed(std::int32_t column, const float* packed, double* space, std::size_t stride) {
        const std::size_t size = columns_.row(column).size();
        System system(space, stride, size);
        const auto n = static_cast<Eigen::Index>(size);
        for (Eigen::Index k = 0; k < n; ++k) {
            for (Eigen::Index l = 0; l <= k; ++l) {
                system.matrix(k, l) = static_cast<double>(*packed++);
            }
        }
        for (Eigen::Index k = 0; k < n; ++k) {
            system.solution(k) = static_cast<double>(*packed++);
        }
        solve_system(column, system);
    }

    void solve_system(std::int32_t column, System& system) {
        const std::span<Target> targets = columns_.mutable_row(column);
        if (targets.empty()) {
            return;
        }
        system.matrix.diagonal().array() += lambda_;
        Eigen::LLT<Eigen::Ref<Eigen::MatrixXd, Eigen::Aligned64, Eigen::OuterStride<>>> llt(
            system.matrix);
        if (llt.info() != Eigen::Success) {
            throw Error(ErrorCode::kNumericOutOfRange,
                        "a ridge of " + std::to_string(lambda_) +
                            " is too small for weights of this size to be solved with",
                        "Raise parameter \"ridge\".");
        }
        llt.solveInPlace(system.solution);
        for (std::size_t k = 0; k < targets.size(); ++k) {
            targets[k].weight =
                static_cast<float>(system.solution(static_cast<Eigen::Index>(k)));
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
    const std::int32_t items = columns.item_count();
    std::size_t passes = 0;
    for (std::int32_t first = 0; first < items;) {
        first = next_pass(columns, first, memory.area).last;
        ++passes;
    }
    const double products = gram_products(likes.by_user(), likes.user_weight());
    const bool keeps = keeps_gram(items, passes, products, memory);
    Solver solver(likes, lambda, threads, budget, columns);
    if (passes > 1) {
        const double by_passes = products * static_cast<double>(keeps ? 1 : passes);
        const std::size_t most_likes = most_likes_of_column(likes, columns, monitor);
        const auto workers = static_cast<std::size_t>(std::max(threads, 1));
        const bool fits =
            SmallGram::memory(likes.user_count(), most_likes) * workers <= memory.area;
        if (fits && products_alone(likes, columns, by_passes, monitor, budget) < by_passes) {
            Stages stages(monitor, items);
            stages.next(items);
            solver.solve_alone(most_likes, stages);
            return;
        }
    }
    Stages stages(monitor, static_cast<std::int64_t>(2 * passes + keeps) * items);
    if (keeps) {
        stages.next(items);
        solver.multiply(stages);
    }
    for (std::int32_t first = 0; first < items;) {
        const Pass pass = next_pass(columns, first, memory.area);
        solver.solve(pass, stages);
        first = pass.last;
    }
}

RidgeMemory ridge_memory(std::int32_t items, const MemoryBudget& budget) noexcept {
    const auto n = static_cast<std::size_t>(items);
    const std::size_t most = budget.limit() / 4;
    return {std::min(std::clamp(n * n / 2, std::size_t{4} << 20, std::size_t{1} << 30), most),
            std::min(std::size_t{64} << 20, most), 3e9};
}

double gram_products(SparseView by_user, std::span<const double> user_weight) {
    double products = 0;
    for (std::int32_t user = 0; user < by_user.row_count(); ++user) {
        if (!user_weight.empty() && user_weight[static_cast<std::size_t>(user)] == 0) {
            continue;
        }
        const auto items = static_cast<double>(by_user.row(user).size());
        products += items * items;
    }
    return products;
}

std::size_t solve_columns_memory(std::int32_t items, std::size_t longest, std::size_t entries,
                                 double products, RidgeMemory memory, int threads) {
    const auto n = static_cast<std::size_t>(items);
    const auto workers = static_cast<std::size_t>(std::max(threads, 1));
    const std::size_t one = column_bytes(longest);
    const std::size_t most = std::max(memory.area, one);
    const std::size_t all =
        (entries * (longest + 3) / 2 + 1) * sizeof(float) + entries * sizeof(Place);
    // What a pass leaves free is less than one matrix.
    const std::size_t free = memory.area - std::min(memory.area, one);
    const std::size_t passes = all / std::max({free, one, std::size_t{1}}) + 1;
    return (keeps_gram(items, passes, products, memory) ? n * n * sizeof(float) : 0) +
           std::min(most, all) + 3 * (n + 1) * sizeof(std::size_t) +
           workers * (sizeof(SparseSums) + n * (sizeof(double) + sizeof(std::int32_t))) +
           workers * alone_scratch(longest) * sizeof(double);
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
