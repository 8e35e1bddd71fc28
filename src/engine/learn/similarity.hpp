// The kernel of neighbourhood models: the strongest entries of each row of X·Xᵀ.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/learn/item_item.hpp"
#include "engine/learn/sparse_matrix.hpp"

namespace knowhow {

// One kind of evidence that items are alike: X, items × columns (users, tags, terms, …).
//
//   similarity(i, j) = Σ_c column_weight[c] · X[i][c] · X[j][c] / (left[i] · right[j] + shrinkage)
//
// With left = right = Euclidean norms of the rows and no shrinkage this is the cosine; with powers
// of them the asymmetric cosine (Aiolli 2013, "Efficient top-N recommendation for very large scale
// binary rated datasets"). Shrinkage pulls similarities that rest on little evidence towards
// zero, in the form of Ferrari Dacrema, Boglio, Cremonesi and Jannach 2021 ("A troubling analysis
// of reproducibility and progress in recommender systems research"), after Bell and Koren 2007.
// Where the denominator is zero the similarity is zero.
struct SimilarityPart {
    SparseView rows;     // X
    SparseView columns;  // its transpose
    // One for each column, >= 0. A column of weight 0 is left out and costs nothing.
    std::span<const double> column_weight;
    // One for each row, >= 0.
    std::span<const double> left;
    std::span<const double> right;
    double shrinkage = 0;  // >= 0
    double weight = 1;     // factor of this part in the sum over parts
};

// For each item i the at most `targets` items j != i with the largest |Σ_parts weight ·
// similarity|.
//
// A cosine over the concatenation of several matrices is one part over concatenate(); a weighted
// sum of similarities is several parts. All parts have `item_count` rows.
//
// Time: Σ over columns of (rows in the column)², so callers leave out columns that nearly every
// row has (column_weight 0). Memory: 12 to 28 bytes an item for each thread, and the result.
// Sums are in double, in the order of columns within a row: the result is the same bit for bit
// for every number of threads. Each thread asks to stop at least every 2^18 products (about 1 ms).
ItemItem top_similarities(std::span<const SimilarityPart> parts, std::int32_t item_count,
                          std::int32_t targets, int threads, Monitor& monitor,
                          MemoryBudget& budget);

}  // namespace knowhow
