// Whether parameters that have changed may take the place of those that serve: both are fitted on
// the same rows before a cut, asked the same after it, and compared person by person.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/evaluate/archive.hpp"
#include "engine/evaluate/evaluation.hpp"
#include "engine/evaluate/inference.hpp"
#include "engine/evaluate/replay.hpp"

namespace knowhow {

// Below so many people the normal interval is no evidence, and nothing is refused.
inline constexpr std::int64_t kGatePeople = 200;

enum class Verdict { kPassed, kRefused, kNotEnoughEvidence };

struct GateResult {
    Verdict verdict = Verdict::kNotEnoughEvidence;
    std::int64_t people = 0;     // who are asked about both
    std::size_t questions = 0;
    // Below are 0 without enough evidence.
    double newer = 0, older = 0;   // means over people
    Difference difference{};       // newer - older, with its 95 % normal interval
};

// Refused where even the upper end of the interval lies below -margin (>= 0): the loss is larger
// than the margin beyond chance. The lists are of the same people.
GateResult judge(std::span<const PersonValues> newer, std::span<const PersonValues> older,
                 double margin);

// Asks both by the split of `options`, one by time with one k, and judges by the metric, one of
// values_of_people(). Fits nothing where fewer than kGatePeople are to be asked. Time: two models,
// and twice questions × snippets.
GateResult run_gate(const Archive& archive, const ReplayOptions& newer, const ReplayOptions& older,
                    const EvaluationOptions& options, std::string_view metric, double margin,
                    Monitor& monitor, MemoryBudget& budget);

}  // namespace knowhow
