#include "engine/learn/ials.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "engine/base/eigen.hpp"
#include "engine/base/error.hpp"
#include "engine/base/parallel.hpp"
#include "engine/learn/cancellation.hpp"
#include "engine/learn/stages.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kSolvesPerChunk = 4;
constexpr std::size_t kRowsPerChunk = 8;
constexpr std::size_t kBlock = 128;           // vectors that are added to a Gram matrix at once
constexpr double kInitialSize = 0.1;          // σ* of Rendle et al.

constexpr std::array<double, 3> kUnobserved = {5, 15, 50};
constexpr std::array<double, 3> kPenalties = {.003, .01, .03};

constexpr std::array<Parameter, 5> kParameters = {{
    {"factors", 128, 1, 512, true, "Dimensions of a person's and an item's factors."},
    {"iterations", 16, 1, 100, true, "Times that people and items are solved for in turn."},
    {"unobserved", 15, 1e-3, 1e4, false,
     "Weight of all that people have not liked together, where 1 is that of all they have.",
     kUnobserved},
    {"penalty", 0.01, 1e-4, 1000, false, "Regularization of factors.", kPenalties},
    {"max_user_items", 20000, 2, 2147483647, true,
     "People with more items than this are left out: the time grows with the square."},
}};

using Matrix = Eigen::Map<Eigen::MatrixXd, Eigen::Aligned64, Eigen::OuterStride<>>;
using Vector = Eigen::Map<Eigen::VectorXd, Eigen::Aligned64>;
using InPlace = Eigen::LLT<Eigen::Ref<Eigen::MatrixXd, Eigen::Aligned64, Eigen::OuterStride<>>>;

Matrix map_matrix(double* data, std::size_t rows, std::size_t columns, std::size_t stride) {
    return Matrix(data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns),
                  Eigen::OuterStride<>(static_cast<Eigen::Index>(stride)));
}

Vector map_vector(double* data, std::size_t size) {
    return Vector(data, static_cast<Eigen::Index>(size));
}

void factor(InPlace& llt) {
    if (llt.info() != Eigen::Success) {
        throw Error(ErrorCode::kNumericOutOfRange,
                    "factors cannot be solved for: their matrix is not positive definite",
                    "Raise parameter \"penalty\".");
    }
}

// A normal deviate that belongs to (seed, index) alone.
double normal(std::uint64_t seed, std::uint64_t index) {
    const auto mix = [](std::uint64_t x) {  // splitmix64
        x += 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    };
    const std::uint64_t first = mix(mix(seed) ^ (2 * index));
    const std::uint64_t second = mix(mix(seed) ^ (2 * index + 1));
    const double u = (static_cast<double>(first >> 11) + 0.5) * 0x1p-53;
    const double v = static_cast<double>(second >> 11) * 0x1p-53;
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

// scale · V Vᵀ, lower triangle, over `count` columns of V, in blocks of a fixed size.
void gram(const double* vectors, std::size_t count, std::size_t size, std::size_t stride,
          double scale, Monitor& monitor, Matrix& result) {
    result.setZero();
    for (std::size_t first = 0; first < count; first += kBlock) {
        monitor.poll();
        const Matrix block = map_matrix(const_cast<double*>(vectors) + first * stride, size,
                                        std::min(kBlock, count - first), stride);
        result.selfadjointView<Eigen::Lower>().rankUpdate(block, scale);
    }
}

// Solves for one side: of each row of `rows`, the vector that fits the others best.
struct Side {
    SparseView rows;
    std::span<const double> use;        // of rows' columns: 0 where the person does not count
    std::span<const double> use_row;    // of rows themselves
    double scale;                       // makes weights r / (mean r)
    double lambda;
    double extra;                       // α₀ · the others' number
};

void solve_side(const Side& side, const double* others, double* mine, const Matrix& base,
                std::size_t size, std::size_t stride, int threads, double* scratch,
                Monitor& monitor) {
    const std::size_t each = stride * (size + kBlock);
    Cancellation cancellation(monitor);
    parallel_for(
        static_cast<std::size_t>(side.rows.row_count()), kSolvesPerChunk, threads, cancellation,
        [&](std::size_t begin, std::size_t end, int worker) {
            double* const space = scratch + each * static_cast<std::size_t>(worker);
            for (std::size_t r = begin; r < end; ++r) {
                cancellation.check();
                Vector solution = map_vector(mine + r * stride, size);
                solution.setZero();
                if (!side.use_row.empty() && side.use_row[r] == 0) {
                    continue;
                }
                const SparseRow row = side.rows.row(static_cast<std::int32_t>(r));
                Matrix a = map_matrix(space, size, size, stride);
                a.triangularView<Eigen::Lower>() = base;
                std::size_t count = 0;
                std::size_t filled = 0;
                const auto flush = [&] {
                    const Matrix block = map_matrix(space + stride * size, size, filled, stride);
                    a.selfadjointView<Eigen::Lower>().rankUpdate(block, 1.0);
                    filled = 0;
                };
                for (std::size_t k = 0; k < row.size(); ++k) {
                    const auto other = static_cast<std::size_t>(row.columns[k]);
                    if (!side.use.empty() && side.use[other] == 0) {
                        continue;
                    }
                    ++count;
                    const double weight = static_cast<double>(row.values[k]) * side.scale;
                    const Vector vector =
                        map_vector(const_cast<double*>(others) + other * stride, size);
                    solution += weight * vector;
                    map_vector(space + stride * (size + filled), size) =
                        std::sqrt(weight) * vector;
                    if (++filled == kBlock) {
                        flush();
                        cancellation.check();
                    }
                }
                if (count == 0) {
                    continue;
                }
                if (filled > 0) {
                    flush();
                }
                a.diagonal().array() +=
                    side.lambda * (static_cast<double>(count) + side.extra);
                InPlace llt(a);
                factor(llt);
                llt.solveInPlace(solution);
            }
        });
}

}  // namespace

IalsFactors::IalsFactors(const Likes& likes, const IalsSettings& settings, Monitor& monitor,
                         MemoryBudget& budget)
    : settings_(settings),
      factors_(static_cast<std::size_t>(settings.factors)),
      stride_(AlignedDoubles::padded(factors_)),
      count_(likes.item_count()),
      items_(stride_ * static_cast<std::size_t>(likes.item_count()), &budget),
      gram_(stride_ * factors_, &budget),
      expected_(stride_ * factors_, &budget) {
    const auto item_count = static_cast<std::size_t>(likes.item_count());
    const auto user_count = static_cast<std::size_t>(likes.user_count());
    const int threads = std::max(settings.threads, 1);
    const AlignedDoubles users(stride_ * user_count, &budget);
    const AlignedDoubles scratch(
        stride_ * (factors_ + kBlock) * static_cast<std::size_t>(threads), &budget);

    double sum = 0;
    std::size_t interactions = 0;
    std::size_t people = 0;
    PollEvery poll(monitor, 65536);
    for (std::size_t user = 0; user < user_count; ++user) {
        if (likes.user_weight()[user] > 0) {
            ++people;
            for (const float value : likes.by_user().row(static_cast<std::int32_t>(user)).values) {
                sum += static_cast<double>(value);
                ++interactions;
                poll.step();
            }
        }
    }
    const double scale = interactions > 0 ? static_cast<double>(interactions) / sum : 1;
    mean_items_ = people > 0 ? static_cast<double>(interactions) / static_cast<double>(people) : 0;

    std::size_t liked_items = 0;
    for (std::size_t item = 0; item < item_count; ++item) {
        const bool liked = likes.squares()[item] > 0;
        liked_items += liked;
        for (std::size_t k = 0; k < factors_; ++k) {
            items_.data()[item * stride_ + k] =
                liked ? kInitialSize / std::sqrt(static_cast<double>(factors_)) *
                            normal(settings.seed, item * factors_ + k)
                      : 0;
            poll.step();
        }
    }

    const double ratio = settings.unobserved * static_cast<double>(interactions);
    unobserved_ = interactions > 0 ? ratio / static_cast<double>(people) /
                                         static_cast<double>(liked_items)
                                   : 0;
    person_extra_ = unobserved_ * static_cast<double>(liked_items);
    Side by_person = {likes.by_user(), {},    likes.user_weight(), scale, settings.regularization,
                      person_extra_};
    Side by_item = {likes.by_item(), likes.user_weight(), {}, scale, settings.regularization,
                    unobserved_ * static_cast<double>(people)};
    Matrix base = map_matrix(gram_.data(), factors_, factors_, stride_);
    const auto both = static_cast<std::int64_t>(item_count + user_count);
    Stages stages(monitor, both * settings.iterations);
    for (std::int32_t iteration = 0; iteration < settings.iterations; ++iteration) {
        gram(items_.data(), item_count, factors_, stride_, unobserved_, stages, base);
        stages.next(static_cast<std::int64_t>(user_count));
        solve_side(by_person, items_.data(), users.data(), base, factors_, stride_, threads,
                   scratch.data(), stages);
        gram(users.data(), user_count, factors_, stride_, unobserved_, stages, base);
        stages.next(static_cast<std::int64_t>(item_count));
        solve_side(by_item, users.data(), items_.data(), base, factors_, stride_, threads,
                   scratch.data(), stages);
    }
    gram(items_.data(), item_count, factors_, stride_, unobserved_, monitor, base);

    Matrix expected = map_matrix(expected_.data(), factors_, factors_, stride_);
    expected.setZero();
    for (std::size_t item = 0; item < item_count && people > 0; ++item) {
        double weight = 0;
        const SparseRow row = likes.by_item().row(static_cast<std::int32_t>(item));
        for (std::size_t k = 0; k < row.size(); ++k) {
            if (likes.user_weight()[static_cast<std::size_t>(row.columns[k])] > 0) {
                weight += static_cast<double>(row.values[k]) * scale;
            }
        }
        expected.selfadjointView<Eigen::Lower>().rankUpdate(
            map_vector(items_.data() + item * stride_, factors_),
            weight / static_cast<double>(people));
        if (item % kBlock == 0) {
            monitor.poll();
        }
    }
}

void IalsFactors::fold_in(std::span<const std::int32_t> items, std::span<const double> weights,
                          double* result) const {
    Eigen::MatrixXd a = map_matrix(gram_.data(), factors_, factors_, stride_);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(factors_));
    for (std::size_t k = 0; k < items.size(); ++k) {
        const Vector vector = map_vector(const_cast<double*>(item(items[k])), factors_);
        a.selfadjointView<Eigen::Lower>().rankUpdate(vector, weights[k]);
        right += weights[k] * vector;
    }
    a.diagonal().array() +=
        settings_.regularization * (static_cast<double>(items.size()) + person_extra_);
    const Eigen::VectorXd solution = a.selfadjointView<Eigen::Lower>().llt().solve(right);
    std::copy_n(solution.data(), factors_, result);
}

void IalsFactors::normal_matrix(double* result) const {
    Matrix a = map_matrix(result, factors_, factors_, stride_);
    a.triangularView<Eigen::Lower>() = map_matrix(gram_.data(), factors_, factors_, stride_) +
                                       map_matrix(expected_.data(), factors_, factors_, stride_);
    a.diagonal().array() += settings_.regularization * (mean_items_ + person_extra_);
}

double IalsFactors::linear_norm(std::span<const double> weights, Monitor& monitor,
                                MemoryBudget& budget) const {
    if (mean_items_ == 0) {
        return 0;
    }
    const AlignedDoubles own(stride_ * factors_, &budget);
    normal_matrix(own.data());
    Matrix a = map_matrix(own.data(), factors_, factors_, stride_);
    InPlace llt(a);
    factor(llt);
    const AlignedDoubles scratch(2 * stride_, &budget);
    Vector direction = map_vector(scratch.data(), factors_);
    Vector product = map_vector(scratch.data() + stride_, factors_);
    const Matrix gram = map_matrix(gram_.data(), factors_, factors_, stride_);
    double squares = 0;
    for (std::size_t item = 0; item < static_cast<std::size_t>(count_); ++item) {
        const Vector vector = map_vector(items_.data() + item * stride_, factors_);
        direction = vector;
        llt.solveInPlace(direction);
        product.noalias() = gram.selfadjointView<Eigen::Lower>() * direction;
        const double diagonal = vector.dot(direction);
        squares += weights[item] * (direction.dot(product) / unobserved_ - diagonal * diagonal);
        if (item % kBlock == 0) {
            monitor.poll();
        }
    }
    return std::sqrt(std::max(squares, 0.0));
}

ItemItem IalsFactors::linear(std::int32_t targets, Monitor& monitor, MemoryBudget& budget,
                             const LinearSum& sum) const {
    const auto items = static_cast<std::size_t>(count_);
    const int threads = std::max(settings_.threads, 1);
    ItemItem result(count_, &budget);
    if (mean_items_ == 0) {  // nobody likes anything
        return result;
    }
    const AlignedDoubles own(stride_ * factors_, &budget);
    normal_matrix(own.data());
    Matrix a = map_matrix(own.data(), factors_, factors_, stride_);
    InPlace llt(a);
    factor(llt);

    const std::size_t padded_items = AlignedDoubles::padded(items);
    const AlignedDoubles scratch(
        (padded_items + stride_) * static_cast<std::size_t>(threads), &budget);
    std::pmr::vector<std::pmr::vector<Target>> found(static_cast<std::size_t>(threads), &budget);
    for (auto& mine : found) {
        mine.reserve(items);
    }
    Cancellation cancellation(monitor);
    parallel_for(
        items, kRowsPerChunk, threads, cancellation,
        [&](std::size_t begin, std::size_t end, int worker) {
            double* const space =
                scratch.data() + (padded_items + stride_) * static_cast<std::size_t>(worker);
            Vector scores = map_vector(space, items);
            Vector direction = map_vector(space + padded_items, factors_);
            const Matrix all = map_matrix(items_.data(), factors_, items, stride_);
            std::pmr::vector<Target>& mine = found[static_cast<std::size_t>(worker)];
            for (std::size_t item = begin; item < end; ++item) {
                cancellation.check();
                direction = map_vector(items_.data() + item * stride_, factors_);
                llt.solveInPlace(direction);
                scores.noalias() = all.transpose() * direction;
                if (sum.matrix != nullptr) {
                    scores *= sum.own;
                    for (const Target& target : sum.matrix->row(static_cast<std::int32_t>(item))) {
                        scores(target.position) += sum.others * static_cast<double>(target.weight);
                    }
                }
                mine.clear();
                for (std::size_t target = 0; target < items; ++target) {
                    const auto weight =
                        static_cast<float>(scores(static_cast<Eigen::Index>(target)));
                    if (target != item && weight != 0) {
                        mine.push_back({static_cast<std::int32_t>(target), weight});
                    }
                }
                keep_strongest(mine, static_cast<std::size_t>(targets));
                result.set_row(static_cast<std::int32_t>(item), mine);
            }
        });
    return result;
}

std::size_t IalsFactors::memory(std::int32_t users, std::int32_t items, std::size_t factors,
                                std::int32_t targets, int threads) noexcept {
    const auto n = static_cast<std::size_t>(items);
    const auto workers = static_cast<std::size_t>(std::max(threads, 1));
    const std::size_t stride = AlignedDoubles::padded(factors);
    const std::size_t kept = std::min(n, static_cast<std::size_t>(targets)) * sizeof(Target);
    const std::size_t solving = stride * (static_cast<std::size_t>(users) +
                                          workers * (factors + kBlock)) * sizeof(double);
    const std::size_t linear =
        n * (sizeof(std::pmr::vector<Target>) + kept) + stride * factors * sizeof(double) +
        workers * ((AlignedDoubles::padded(n) + stride) * sizeof(double) +
                   n * sizeof(Target) + sizeof(std::pmr::vector<Target>));
    return stride * (n + 2 * factors) * sizeof(double) + std::max(solving, linear) +
           3 * sizeof(double);
}

std::string_view Ials::description() const {
    return "Factors of people and items for implicit feedback, as a matrix between items.";
}

std::span<const Parameter> Ials::parameters() const {
    return kParameters;
}

IalsSettings Ials::settings(const Parameters& parameters, const FitOptions& options) {
    return {static_cast<std::int32_t>(parameters["factors"]),
            static_cast<std::int32_t>(parameters["iterations"]),
            parameters["unobserved"],
            parameters["penalty"],
            options.threads,
            options.seed};
}

std::size_t Ials::fit_memory(const Interactions& interactions, const Parameters& parameters,
                             const FitOptions& options, Monitor& monitor,
                             MemoryBudget& /*budget*/) const {
    return likes_memory(interactions, monitor) +
           IalsFactors::memory(interactions.user_count(), interactions.item_count(),
                               static_cast<std::size_t>(parameters["factors"]), options.targets,
                               options.threads);
}

ItemItem Ials::fit(const Interactions& interactions, const Parameters& parameters,
                   const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const {
    check_options(options);
    const Likes likes(interactions, 0, parameters["max_user_items"], monitor, budget);
    const auto all = static_cast<std::int64_t>(likes.user_count()) + likes.item_count();
    Stages stages(monitor, 2 * all);
    stages.next(all);
    const IalsFactors factors(likes, settings(parameters, options), stages, budget);
    stages.next(all);
    return factors.linear(options.targets, stages, budget);
}

}  // namespace knowhow
