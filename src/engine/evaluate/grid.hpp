// The parameters that tune() tries.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/learn/learner.hpp"

namespace knowhow {

// A value for each of a learner's parameters, in the order that it declares them.
using ParameterValues = std::vector<std::pair<std::string, double>>;

// Every combination of the grids of the learner's parameters, the last one changing fastest; those
// without a grid keep the value that they have in `present`. The one that is `present` is left out.
std::vector<ParameterValues> grid_around(const Learner& learner, const ParameterValues& present);

}  // namespace knowhow
