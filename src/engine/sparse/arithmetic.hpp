// Distances between sparse vectors, and arithmetic with them. All sums are in double.
#pragma once

#include <vector>

#include "engine/sparse/vector.hpp"

namespace knowhow {

// 1 - a.b / (|a| |b|), in [0, 2]. An empty vector has no direction: its distance to any vector,
// also to another empty one, is 1, as if it were perpendicular.
double cosine_distance(VectorView a, VectorView b) noexcept;

// |a - b|, from the differences themselves: no cancellation between large norms.
double euclidean_distance(VectorView a, VectorView b) noexcept;

// Whether some term is in both.
bool overlap(VectorView a, VectorView b) noexcept;

// A total order in which equal means equal bytes: term by term, weight by weight; at the first
// difference the smaller term, or the smaller weight of the same term, comes first, and a vector
// before those that it begins. Returns -1, 0 or 1.
int compare(VectorView a, VectorView b) noexcept;

// a_factor * a + b_factor * b, in the order of bytes; the views point into both payloads.
std::vector<TermWeight> combine(VectorView a, double a_factor, VectorView b, double b_factor);

// factor * v. Throws Error(kInvalidArgument) when factor is not finite.
std::vector<TermWeight> scale(VectorView v, double factor);

// v / |v|; the empty vector stays empty.
std::vector<TermWeight> normalize(VectorView v);

}  // namespace knowhow
