#include "engine/learn/popularity.hpp"

namespace knowhow {

std::pmr::vector<double> popularity(const Interactions& interactions, Monitor& monitor,
                                    MemoryBudget& budget) {
    std::pmr::vector<double> result(interactions.items().size(), 0.0, &budget);
    PollEvery poll(monitor, 65536);
    for (std::int32_t item = 0; item < interactions.item_count(); ++item) {
        for (const float weight : interactions.by_item().row(item).values) {
            if (weight > 0) {
                result[static_cast<std::size_t>(item)] += static_cast<double>(weight);
            }
            poll.step();
        }
        poll.step();
    }
    return result;
}

}  // namespace knowhow
