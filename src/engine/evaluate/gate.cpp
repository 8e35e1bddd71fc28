#include "engine/evaluate/gate.hpp"

#include <array>
#include <unordered_set>
#include <vector>

#include "engine/evaluate/part.hpp"

namespace knowhow {
namespace {

double mean_of(std::span<const PersonValues> people) {
    double sum = 0;
    for (const PersonValues& person : people) {
        sum += person.values.front();
    }
    return people.empty() ? 0 : sum / static_cast<double>(people.size());
}

}  // namespace

GateResult judge(std::span<const PersonValues> newer, std::span<const PersonValues> older,
                 double margin) {
    const std::array<std::vector<PersonValues>, 2> both = {
        std::vector<PersonValues>(newer.begin(), newer.end()),
        std::vector<PersonValues>(older.begin(), older.end())};
    const Comparison comparison = compare_all(both, {0}).front();
    GateResult result;
    result.people = comparison.people;
    if (result.people < kGatePeople) {
        return result;
    }
    result.newer = mean_of(newer);
    result.older = mean_of(older);
    result.difference = comparison.difference;
    result.verdict = result.difference.high < -margin ? Verdict::kRefused : Verdict::kPassed;
    return result;
}

GateResult run_gate(const Archive& archive, const ReplayOptions& newer, const ReplayOptions& older,
                    const EvaluationOptions& options, std::string_view metric, double margin,
                    Monitor& monitor, MemoryBudget& budget) {
    const Stretch stretch = stretch_of(archive, options);
    std::unordered_set<std::int64_t> people;
    for (const std::size_t pair : stretch.pairs) {
        people.insert(archive.pairs()[pair].user);
    }
    GateResult result;
    if (static_cast<std::int64_t>(people.size()) >= kGatePeople) {
        std::vector<PersonValues> values[2];
        for (const bool second : {false, true}) {
            PartOf part(monitor, second ? 1 : 0, 2);
            values[second] = values_of_people(
                ask_all(archive, second ? older : newer, options, part, budget), metric, options);
        }
        result = judge(values[0], values[1], margin);
    } else {
        result.people = static_cast<std::int64_t>(people.size());
    }
    result.questions = stretch.pairs.size();
    return result;
}

}  // namespace knowhow
