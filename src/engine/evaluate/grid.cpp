#include "engine/evaluate/grid.hpp"

namespace knowhow {

std::vector<ParameterValues> grid_around(const Learner& learner, const ParameterValues& present) {
    std::vector<ParameterValues> all = {present};
    for (std::size_t i = 0; i < learner.parameters().size(); ++i) {
        const std::span<const double> grid = learner.parameters()[i].grid;
        if (grid.empty()) {
            continue;
        }
        std::vector<ParameterValues> longer;
        for (const ParameterValues& values : all) {
            for (const double value : grid) {
                longer.push_back(values);
                longer.back()[i].second = value;
            }
        }
        all = std::move(longer);
    }
    std::erase(all, present);
    return all;
}

}  // namespace knowhow
