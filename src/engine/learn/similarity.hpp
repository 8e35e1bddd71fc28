// The kernel of neighbourhood models: the strongest entries of each row of X·Xᵀ.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/learn/item_item.hpp"
#include "engine/learn/sparse_matrix.hpp"

namespace knowhow {

// How alike items are, by the columns (people, tags, terms, …) that they have in common:
//
//   similarity(i, j) = Σ_c column_weight[c] · X[i][c] · X[j][c] / (left[i] · right[j] + shrinkage)
//
// With left = right = Euclidean norms of the rows and no shrinkage this is the cosine; with powers
// of them the asymmetric cosine (Aiolli 2013, "Efficient top-N recommendation for very large scale
// binary rated datasets"). Shrinkage pulls similarities that rest on little evidence towards
// zero, in the form of Ferrari Dacrema, Boglio, Cremonesi and Jannach 2021 ("A troubling analysis
// of reproducibility and progress in recommender systems research"), after Bell and Koren 2007.
// Where the denominator is zero the similarity is zero.
struct Similarity {
    SparseView rows;     // X, items × columns
    SparseView columns;  // its transpose
    // One for each column, >= 0. A column of weight 0 is left out and costs nothing.
    std::span<const double> column_weight;
    // One for each row, >= 0.
    std::span<const double> left;
    std::span<const double> right;
    double shrinkage = 0;  // >= 0
};

// For each item i the at most `targets` items j != i with the largest |similarity(i, j)|.
//
// Time: Σ over columns of (rows in the column)², so callers leave out columns that nearly every
// row has. Memory: 12 to 20 bytes an item for each thread, and the result. Sums are in double, in
// the order of columns within a row: the result is the same bit for bit for every number of
// threads. Each thread asks to stop at least every 2^18 products (about 1 ms).
// Throws Error(kInvalidArgument) if targets < 1.
ItemItem top_similarities(const Similarity& similarity, std::int32_t targets, int threads,
                          Monitor& monitor, MemoryBudget& budget);

// The bytes that top_similarities() takes at its peak where row i of X·Xᵀ has at most `reach[i]`
// nonzero entries off the diagonal; the result, 8 bytes a target and 32 a row, is part of it.
std::size_t top_similarities_memory(std::span<const std::int32_t> reach, std::int32_t targets,
                                    int threads);

}  // namespace knowhow
