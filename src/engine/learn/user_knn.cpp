#include "engine/learn/user_knn.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>

#include "engine/base/error.hpp"
#include "engine/rank/top_k.hpp"

namespace knowhow {
namespace {

constexpr unsigned kPollSteps = 16384;

void check_weight(std::int64_t user, std::int64_t item, double weight) {
    if (!std::isfinite(weight)) {
        throw Error(ErrorCode::kInvalidArgument,
                    "weight of user " + std::to_string(user) + " and item " + std::to_string(item) +
                        " is " + std::to_string(weight),
                    "Weights of interactions are finite numbers.");
    }
}

// The element of `sorted` whose `key` is `id`, or null.
template <typename Vector, typename Key>
auto find_by(Vector& sorted, Key key, std::int64_t id) -> decltype(sorted.data()) {
    const auto found = std::ranges::lower_bound(sorted, id, {}, key);
    return found != sorted.end() && (*found).*key == id ? &*found : nullptr;
}

}  // namespace

NeighbourSearch::NeighbourSearch(std::int64_t person, std::span<const ItemWeight> ratings,
                                 Monitor& monitor, MemoryBudget& budget)
    : person_(person),
      budget_(budget),
      poll_(monitor, kPollSteps),
      ratings_(ratings.begin(), ratings.end(), &budget),
      products_(&budget),
      others_(&budget) {
    std::ranges::sort(ratings_, {}, &ItemWeight::item);
    for (const ItemWeight& rating : ratings_) {
        check_weight(person, rating.item, rating.weight);
        squared_norm_ += rating.weight * rating.weight;
        poll_.step();
    }
}

void NeighbourSearch::add(std::int64_t user, std::int64_t item, double weight) {
    check_weight(user, item, weight);
    poll_.step();
    if (user == person_) {
        return;
    }
    if (const ItemWeight* own = find_by(ratings_, &ItemWeight::item, item)) {
        products_.push_back({user, item, own->weight * weight});
    }
}

void NeighbourSearch::sum_products() {
    const auto order = [](const Product& p) { return std::tie(p.user, p.item, p.product); };
    std::sort(products_.begin(), products_.end(), [&](const Product& a, const Product& b) {
        poll_.step();
        return order(a) < order(b);
    });
    for (const Product& product : products_) {
        if (others_.empty() || others_.back().user != product.user) {
            others_.push_back({product.user, 0, std::numeric_limits<double>::quiet_NaN()});
        }
        others_.back().dot += product.product;
        poll_.step();
    }
    std::pmr::vector<Product>(&budget_).swap(products_);
}

std::pmr::vector<std::int64_t> NeighbourSearch::users() {
    sum_products();
    std::pmr::vector<std::int64_t> result(&budget_);
    result.reserve(others_.size());
    for (const Other& other : others_) {
        result.push_back(other.user);
        poll_.step();
    }
    return result;
}

void NeighbourSearch::set_squared_norm(std::int64_t user, double squared_norm) {
    if (!(squared_norm >= 0) || !std::isfinite(squared_norm)) {
        throw Error(ErrorCode::kInvalidArgument, "squared norm of user " + std::to_string(user) +
                                                     " is " + std::to_string(squared_norm));
    }
    poll_.step();
    if (Other* other = find_by(others_, &Other::user, user)) {
        other->squared_norm = squared_norm;
    }
}

std::pmr::vector<Neighbour> NeighbourSearch::nearest(std::size_t k) {
    TopK best(k, &budget_);
    for (const Other& other : others_) {
        // Not a number where no norm was given: neither comparison holds then.
        const double norms = std::sqrt(squared_norm_) * std::sqrt(other.squared_norm);
        if (other.dot > 0 && norms > 0) {
            best.offer(other.user, other.dot / norms);
        }
        poll_.step();
    }
    std::pmr::vector<Neighbour> result(&budget_);
    for (const Scored& scored : best.take_sorted()) {
        result.push_back({scored.id, scored.score});
    }
    return result;
}

NeighbourScores::NeighbourScores(std::span<const Neighbour> neighbours, Monitor& monitor,
                                 MemoryBudget& budget)
    : budget_(budget),
      poll_(monitor, kPollSteps),
      neighbours_(neighbours.begin(), neighbours.end(), &budget),
      contributions_(&budget) {
    std::ranges::sort(neighbours_, {}, &Neighbour::user);
}

void NeighbourScores::add(std::int64_t user, std::int64_t item, double weight) {
    check_weight(user, item, weight);
    poll_.step();
    if (const Neighbour* neighbour = find_by(neighbours_, &Neighbour::user, user)) {
        contributions_.push_back(
            {item, static_cast<std::int32_t>(neighbour - neighbours_.data()), weight});
    }
}

std::pmr::vector<NeighbourScore> NeighbourScores::scores() {
    const auto order = [](const Contribution& c) {
        return std::tie(c.item, c.neighbour, c.weight);
    };
    std::sort(contributions_.begin(), contributions_.end(),
              [&](const Contribution& a, const Contribution& b) {
                  poll_.step();
                  return order(a) < order(b);
              });
    std::pmr::vector<NeighbourScore> result(&budget_);
    std::int32_t last_neighbour = -1;
    for (const Contribution& contribution : contributions_) {
        if (result.empty() || result.back().item != contribution.item) {
            result.push_back({contribution.item, 0, 0});
            last_neighbour = -1;
        }
        NeighbourScore& score = result.back();
        score.score += contribution.weight *
                       neighbours_[static_cast<std::size_t>(contribution.neighbour)].similarity;
        score.neighbours += contribution.neighbour != last_neighbour;
        last_neighbour = contribution.neighbour;
        poll_.step();
    }
    return result;
}

}  // namespace knowhow
