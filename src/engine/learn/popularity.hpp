// What most people like: the baseline, and what is served where nothing is known of a person.
#pragma once

#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/learn/interactions.hpp"

namespace knowhow {

// For each item, by position, the sum of its positive weights: interactions carry their decay by
// age already, so this is popularity as of training. Dismissals do not make others' likes undone
// and do not count. Sums in double, in the order of users. 8 bytes an item; linear time.
std::pmr::vector<double> popularity(const Interactions& interactions, Monitor& monitor,
                                    MemoryBudget& budget);

}  // namespace knowhow
