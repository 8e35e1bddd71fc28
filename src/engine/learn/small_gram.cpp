#include "engine/learn/small_gram.hpp"

#include <bit>

namespace knowhow {
namespace {

constexpr std::size_t kStepsPerCheck = std::size_t{1} << 18;  // about 1 ms
constexpr std::int32_t kNone = -1;

std::size_t words(std::int32_t people) {
    return (static_cast<std::size_t>(people) + 63) / 64;
}

}  // namespace

SmallGram::SmallGram(const Likes& likes, std::size_t most_likes,
                     std::pmr::memory_resource* resource)
    : likes_(likes), at_(static_cast<std::size_t>(likes.user_count()), 0, resource),
      marked_(words(likes.user_count()), 0, resource),
      chosen_(most_likes + most_likes / 2, resource) {}

std::size_t SmallGram::memory(std::int32_t people, std::size_t most_likes) noexcept {
    return sizeof(SmallGram) + static_cast<std::size_t>(people) * sizeof(std::int32_t) +
           words(people) * sizeof(std::uint64_t) + (most_likes + most_likes / 2) * sizeof(Like);
}

void SmallGram::count_likes(std::int32_t target, std::span<const Target> support,
                            Cancellation& cancellation) {
    std::size_t steps = 0;
    const auto add = [&](std::int32_t item) {
        for (const std::int32_t person : likes_.by_item().row(item).columns) {
            if (++steps > kStepsPerCheck) {
                cancellation.check();
                steps = 0;
            }
            std::int32_t& at = at_[static_cast<std::size_t>(person)];
            std::uint64_t& word = marked_[static_cast<std::size_t>(person) / 64];
            const std::uint64_t bit = std::uint64_t{1} << (person % 64);
            at = (word & bit) != 0 ? at + 1 : 1;
            word |= bit;
        }
    };
    add(target);
    for (const Target& item : support) {
        add(item.position);
    }
}

// In ascending order, and unmarks them.
template <typename Body>
void SmallGram::each_person(Body body) {
    for (std::size_t word = 0; word < marked_.size(); ++word) {
        for (std::uint64_t bits = marked_[word]; bits != 0; bits &= bits - 1) {
            body(static_cast<std::int32_t>(64 * word) + std::countr_zero(bits));
        }
        marked_[word] = 0;
    }
}

void SmallGram::sum(std::int32_t target, std::span<const Target> support, std::size_t stride,
                    double* sums, Cancellation& cancellation) {
    count_likes(target, support, cancellation);
    std::int32_t end = 0;
    each_person([&](std::int32_t person) {
        std::int32_t& at = at_[static_cast<std::size_t>(person)];
        if (at < 2 || likes_.user_weight()[static_cast<std::size_t>(person)] == 0) {
            at = kNone;
            return;
        }
        const std::int32_t count = at;
        chosen_[static_cast<std::size_t>(end)].item = kNone;
        at = end + 1;
        end += 1 + count;
    });

    std::size_t steps = 0;
    const auto add = [&](std::int32_t item, std::int32_t k) {
        double* const sums_of_item = sums + static_cast<std::size_t>(k) * stride;
        const SparseRow row = likes_.by_item().row(item);
        for (std::size_t n = 0; n < row.size(); ++n) {
            const auto person = static_cast<std::size_t>(row.columns[n]);
            if (++steps > kStepsPerCheck) {
                cancellation.check();
                steps = 0;
            }
            std::int32_t& at = at_[person];
            if (at == kNone) {
                continue;
            }
            Like* const like = chosen_.data() + at++;
            *like = {k, row.values[n]};
            const double factor = likes_.user_weight()[person] * static_cast<double>(like->value);
            const Like* earlier = like - 1;
            for (; earlier->item != kNone; --earlier) {
                sums_of_item[earlier->item] += factor * static_cast<double>(earlier->value);
            }
            steps += static_cast<std::size_t>(like - earlier);
        }
    };
    add(target, 0);
    for (std::size_t k = 0; k < support.size(); ++k) {
        add(support[k].position, static_cast<std::int32_t>(k + 1));
    }
}

SmallGram::Steps SmallGram::count(std::int32_t target, std::span<const Target> support,
                                  Cancellation& cancellation) {
    Steps steps;
    count_likes(target, support, cancellation);
    each_person([&](std::int32_t person) {
        if (likes_.user_weight()[static_cast<std::size_t>(person)] != 0) {
            const std::int64_t likes = at_[static_cast<std::size_t>(person)];
            steps.likes += likes;
            steps.pairs += likes * (likes - 1) / 2;
        }
    });
    return steps;
}

}  // namespace knowhow
