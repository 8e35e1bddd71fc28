// The few entries of G = Xᵀ·diag(a)·X that one regression needs, from the likes of its items alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "engine/learn/cancellation.hpp"
#include "engine/learn/item_item.hpp"
#include "engine/learn/likes.hpp"

namespace knowhow {

// A row of G takes all items of the people who like one item. This takes the likes of the items that
// the regression has, and of each person the pairs of them.
class SmallGram {
  public:
    // `most_likes`: of a target and its support together. `likes` must outlive this.
    SmallGram(const Likes& likes, std::size_t most_likes, std::pmr::memory_resource* resource);

    // The bytes that it takes: about 4 a person and 12 a like.
    static std::size_t memory(std::int32_t people, std::size_t most_likes) noexcept;

    // Adds G[S, S] without its diagonal, where S is the target and then its support: entry (k, l) to
    // sums[k * stride + l], for l < k. The sums are those of CheckedProducts::add_row(), bit for bit.
    void sum(std::int32_t target, std::span<const Target> support, std::size_t stride, double* sums,
             Cancellation& cancellation);

    // How many likes sum() would read of people that count, and how many pairs of them by one person.
    struct Steps {
        std::int64_t likes = 0;
        std::int64_t pairs = 0;
    };
    Steps count(std::int32_t target, std::span<const Target> support, Cancellation& cancellation);

  private:
    struct Like {
        std::int32_t item;  // counted in S, or the mark before a person
        float value;
    };
    // Counts likes by person, and marks whom it counts: where a mark is missing, at_ means nothing.
    void count_likes(std::int32_t target, std::span<const Target> support,
                     Cancellation& cancellation);
    template <typename Body>
    void each_person(Body body);

    const Likes& likes_;
    // Of each person: by count_likes() a count; then, in sum(), where in chosen_ the next like goes,
    // or that there is none to sum.
    std::pmr::vector<std::int32_t> at_;
    std::pmr::vector<std::uint64_t> marked_;  // a bit a person
    // The likes of those who have two or more: of one person after the other, each after a mark.
    std::pmr::vector<Like> chosen_;
};

}  // namespace knowhow
