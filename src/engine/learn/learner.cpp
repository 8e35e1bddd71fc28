#include "engine/learn/learner.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "engine/base/error.hpp"
#include "engine/learn/blend.hpp"
#include "engine/learn/ease.hpp"
#include "engine/learn/ials.hpp"
#include "engine/learn/item_knn.hpp"
#include "engine/learn/slim.hpp"

namespace knowhow {
namespace {

std::string number_text(double value) {
    std::string text = std::to_string(value);
    while (text.back() == '0') {
        text.pop_back();
    }
    if (text.back() == '.') {
        text.pop_back();
    }
    return text;
}

void check_value(const Parameter& parameter, double value) {
    const bool in_range = value >= parameter.minimum && value <= parameter.maximum;
    if (in_range && (!parameter.is_integer || value == std::floor(value))) {
        return;
    }
    throw Error(ErrorCode::kInvalidArgument,
                "parameter \"" + std::string(parameter.name) + "\" cannot be " + number_text(value),
                "It is " + std::string(parameter.is_integer ? "a whole number" : "a number") +
                    " from " + number_text(parameter.minimum) + " to " +
                    number_text(parameter.maximum) + ".");
}

}  // namespace

Parameters::Parameters(std::span<const Parameter> declared,
                       std::span<const std::pair<std::string, double>> given)
    : declared_(declared), values_(declared.size(), std::numeric_limits<double>::quiet_NaN()) {
    for (const auto& [name, value] : given) {
        std::size_t index = 0;
        while (index < declared.size() && declared[index].name != name) {
            ++index;
        }
        if (index == declared.size()) {
            std::string known;
            for (const Parameter& parameter : declared) {
                known += (known.empty() ? "" : ", ") + std::string(parameter.name);
            }
            throw Error(
                ErrorCode::kInvalidArgument, "unknown parameter \"" + name + "\"",
                known.empty() ? "There are no parameters." : "The parameters are: " + known + ".");
        }
        if (!std::isnan(values_[index])) {
            throw Error(ErrorCode::kInvalidArgument,
                        "parameter \"" + name + "\" is given more than once");
        }
        check_value(declared[index], value);
        values_[index] = value;
    }
    for (std::size_t index = 0; index < declared.size(); ++index) {
        if (std::isnan(values_[index])) {
            values_[index] = declared[index].default_value;
        }
    }
}

double Parameters::operator[](std::string_view name) const {
    for (std::size_t index = 0; index < declared_.size(); ++index) {
        if (declared_[index].name == name) {
            return values_[index];
        }
    }
    throw Error(ErrorCode::kInvalidArgument, "unknown parameter \"" + std::string(name) + "\"");
}

void check_options(const FitOptions& options) {
    if (options.targets < 1) {
        throw Error(ErrorCode::kInvalidArgument,
                    "number of targets cannot be " + std::to_string(options.targets),
                    "Each item keeps at least one target.");
    }
}

std::span<const Learner* const> learners() {
    static const ItemKnn item_knn;
    static const Slim slim;
    static const Ease ease;
    static const Ials ials;
    static const Blend blend;
    static const std::array<const Learner*, 5> all = {&item_knn, &slim, &ease, &ials, &blend};
    return all;
}

const Learner& find_learner(std::string_view name) {
    std::string known;
    for (const Learner* learner : learners()) {
        if (learner->name() == name) {
            return *learner;
        }
        known += (known.empty() ? "" : ", ") + std::string(learner->name());
    }
    throw Error(ErrorCode::kInvalidArgument, "unknown algorithm \"" + std::string(name) + "\"",
                "The algorithms are: " + known + ".");
}

}  // namespace knowhow
