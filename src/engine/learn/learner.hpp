// The interface between train() and the algorithms that learn item-item models.
//
// A new learner is a class of its own files, named in learners() (learner.cpp); parameters that it
// declares are checked, documented and listed without further work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/learn/interactions.hpp"
#include "engine/learn/item_item.hpp"

namespace knowhow {

// A numeric parameter of a learner, as a user sets it in a recommender's params.
struct Parameter {
    std::string_view name;
    double default_value;
    double minimum;  // inclusive, as is maximum
    double maximum;
    bool is_integer;
    std::string_view description;
    std::span<const double> grid = {};  // what tune() tries; empty: it leaves the parameter alone
};

// Values for a learner's parameters: those given, and defaults for the others.
class Parameters {
  public:
    // Throws Error(kInvalidArgument) for a name that is not declared (the hint lists those that
    // are), a name given twice, or a value outside its range or not whole where it must be.
    Parameters(std::span<const Parameter> declared,
               std::span<const std::pair<std::string, double>> given);

    // A declared parameter's value.
    double operator[](std::string_view name) const;

  private:
    std::span<const Parameter> declared_;
    std::vector<double> values_;
};

// What train() decides, whichever the learner.
struct FitOptions {
    std::int32_t targets = 200;  // K: targets kept for each history item, >= 1
    int threads = 1;             // the model is the same bit for bit for any number
    std::uint64_t seed = 0;      // of whatever is random in a learner
};

// Throws Error(kInvalidArgument) for fewer than one target.
void check_options(const FitOptions& options);

// Stateless; one instance serves everyone.
class Learner {
  public:
    virtual ~Learner() = default;
    virtual std::string_view name() const = 0;
    virtual std::string_view description() const = 0;
    virtual std::span<const Parameter> parameters() const = 0;

    // The bytes that fit() with the same arguments takes from its budget at its peak, the result
    // included and `interactions` not: never less, and on ordinary data no more than twice as
    // much. A run that cannot fit is refused by it before it starts. In time linear in the
    // interactions, and in less memory than fit() takes. Polls `monitor` as fit() does.
    virtual std::size_t fit_memory(const Interactions& interactions, const Parameters& parameters,
                                   const FitOptions& options, Monitor& monitor,
                                   MemoryBudget& budget) const = 0;

    // Learns from all interactions. Positions in the result are positions of items there.
    // `parameters` was made from parameters(). Memory that grows with the data comes from
    // `budget`, which must outlive the result. Polls `monitor` at least every 100 ms.
    virtual ItemItem fit(const Interactions& interactions, const Parameters& parameters,
                         const FitOptions& options, Monitor& monitor,
                         MemoryBudget& budget) const = 0;
};

// All learners, by name.
std::span<const Learner* const> learners();

// Throws Error(kInvalidArgument) for an unknown name; the hint lists the known ones.
const Learner& find_learner(std::string_view name);

}  // namespace knowhow
