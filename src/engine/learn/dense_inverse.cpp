#include "engine/learn/dense_inverse.hpp"

#include <algorithm>
#include <cmath>

#include "engine/base/eigen.hpp"
#include "engine/base/error.hpp"
#include "engine/base/parallel.hpp"
#include "engine/learn/cancellation.hpp"
#include "engine/learn/stages.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kTile = 128;

using Tile = Eigen::Map<Eigen::MatrixXd, Eigen::Aligned64, Eigen::OuterStride<>>;

// A square matrix of which the lower tiles are used.
class Tiles {
  public:
    Tiles(double* data, std::size_t size, std::size_t stride)
        : data_(data), size_(size), stride_(stride) {}

    std::size_t count() const { return (size_ + kTile - 1) / kTile; }
    std::size_t height(std::size_t row) const { return std::min(kTile, size_ - row * kTile); }
    Tile operator()(std::size_t row, std::size_t column) const {
        return Tile(data_ + column * kTile * stride_ + row * kTile,
                    static_cast<Eigen::Index>(height(row)),
                    static_cast<Eigen::Index>(height(column)),
                    Eigen::OuterStride<>(static_cast<Eigen::Index>(stride_)));
    }

  private:
    double* data_;
    std::size_t size_;
    std::size_t stride_;
};

// A ← L, with A = L Lᵀ.
void cholesky(Tiles a, int threads, Stages& stages) {
    Cancellation cancellation(stages);
    for (std::size_t k = 0; k < a.count(); ++k) {
        Tile diagonal = a(k, k);
        Eigen::LLT<Eigen::Ref<Eigen::MatrixXd, Eigen::Aligned64, Eigen::OuterStride<>>> llt(
            diagonal);
        if (llt.info() != Eigen::Success) {
            throw Error(ErrorCode::kNumericOutOfRange,
                        "the items' matrix is not positive definite in double precision",
                        "Raise parameter \"ridge\".");
        }
        const std::size_t below = a.count() - k - 1;
        stages.next(1);
        parallel_for(below, 1, threads, cancellation, [&](std::size_t i, std::size_t, int) {
            Tile tile = a(k + 1 + i, k);
            diagonal.triangularView<Eigen::Lower>().transpose().solveInPlace<Eigen::OnTheRight>(
                tile);
        });
        // Tiles (i, j) with i >= j, numbered by rows.
        stages.next(static_cast<std::int64_t>(below));
        parallel_for(below * (below + 1) / 2, 1, threads, cancellation,
                     [&](std::size_t n, std::size_t, int) {
                         std::size_t i = 0;
                         // i (i + 1) / 2 <= n, from an estimate that may be off by one.
                         i = static_cast<std::size_t>(
                             (std::sqrt(8.0 * static_cast<double>(n) + 1) - 1) / 2);
                         i -= i * (i + 1) / 2 > n;
                         i += (i + 1) * (i + 2) / 2 <= n;
                         const std::size_t j = n - i * (i + 1) / 2;
                         Tile tile = a(k + 1 + i, k + 1 + j);
                         tile.noalias() -= a(k + 1 + i, k) * a(k + 1 + j, k).transpose();
                     });
    }
}

// L ← L⁻¹, from the last column of tiles to the first.
void invert_lower(Tiles a, double* panel, std::size_t panel_stride, int threads, Stages& stages) {
    Cancellation cancellation(stages);
    for (std::size_t j = a.count(); j-- > 0;) {
        const std::size_t below = a.count() - j - 1;
        const auto old = [&](std::size_t i) {
            return Tile(panel + i * kTile, static_cast<Eigen::Index>(a.height(i)),
                        static_cast<Eigen::Index>(a.height(j)),
                        Eigen::OuterStride<>(static_cast<Eigen::Index>(panel_stride)));
        };
        Tile diagonal = a(j, j);
        for (std::size_t i = j + 1; i < a.count(); ++i) {
            old(i) = a(i, j);
        }
        stages.next(static_cast<std::int64_t>(below) + 1);
        parallel_for(below, 1, threads, cancellation, [&](std::size_t n, std::size_t, int) {
            const std::size_t i = j + 1 + n;
            Tile tile = a(i, j);
            tile.noalias() = a(i, i).triangularView<Eigen::Lower>() * old(i);
            for (std::size_t k = j + 1; k < i; ++k) {
                cancellation.check();
                tile.noalias() += a(i, k) * old(k);
            }
            diagonal.triangularView<Eigen::Lower>().solveInPlace<Eigen::OnTheRight>(tile);
            tile = -tile;
        });
        Eigen::MatrixXd inverse =
            Eigen::MatrixXd::Identity(diagonal.rows(), diagonal.cols());
        diagonal.triangularView<Eigen::Lower>().solveInPlace(inverse);
        diagonal.triangularView<Eigen::Lower>() = inverse;
    }
}

// W ← Wᵀ W for a lower W, lower triangle, from the first row of tiles to the last.
void square_lower(Tiles a, int threads, Stages& stages) {
    Cancellation cancellation(stages);
    for (std::size_t i = 0; i < a.count(); ++i) {
        const Eigen::MatrixXd diagonal = a(i, i).triangularView<Eigen::Lower>();
        stages.next(static_cast<std::int64_t>(a.count() - i));
        parallel_for(i + 1, 1, threads, cancellation, [&](std::size_t c, std::size_t, int) {
            Tile tile = a(i, c);
            const Eigen::MatrixXd before = c == i ? diagonal : Eigen::MatrixXd(tile);
            tile.noalias() = diagonal.transpose() * before;
            // Row i of W is overwritten tile by tile; what is read below is still W.
            for (std::size_t k = i + 1; k < a.count(); ++k) {
                cancellation.check();
                if (c < i) {
                    tile.noalias() += a(k, i).transpose() * a(k, c);
                } else {
                    tile.noalias() += a(k, i).transpose() * a(k, i);
                }
            }
        });
    }
}

}  // namespace

std::size_t DenseSymmetric::memory(std::size_t size) noexcept {
    return AlignedDoubles::padded(size) * (size + kTile) * sizeof(double);
}

void DenseSymmetric::invert(int threads, Monitor& monitor) {
    const Tiles tiles(values_.data(), size_, stride_);
    const auto count = static_cast<std::int64_t>(tiles.count());
    Stages stages(monitor, 3 * count * (count + 1) / 2);
    cholesky(tiles, threads, stages);
    {
        const AlignedDoubles panel(stride_ * kTile, resource_);
        invert_lower(tiles, panel.data(), stride_, threads, stages);
    }
    square_lower(tiles, threads, stages);
}

}  // namespace knowhow
