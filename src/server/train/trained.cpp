#include "server/train/trained.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "engine/learn/learner.hpp"
#include "engine/learn/popularity.hpp"
#include "server/module.hpp"

namespace knowhow::server {

Trained::Trained(std::size_t memory)
    : budget_(memory),
      monitor_(budget_),
      builder_(std::in_place, budget_, monitor_),
      terms_(budget_, monitor_),
      labels_(budget_, monitor_) {}

void Trained::learn(const Learning& learning) {
    term_counts_.emplace(terms_.sorted());
    label_counts_.emplace(labels_.sorted());
    budget_.require(builder_->finish_memory(), "training");
    interactions_.emplace(std::move(*builder_).finish());
    builder_.reset();

    std::pmr::vector<double> const sums = knowhow::popularity(*interactions_, monitor_, budget_);
    popularity_.assign(sums.begin(), sums.end());
    by_popularity_.resize(popularity_.size());
    std::iota(by_popularity_.begin(), by_popularity_.end(), 0);
    PollEvery poll(monitor_, 65536);
    std::sort(by_popularity_.begin(), by_popularity_.end(),
              [&](std::int32_t left, std::int32_t right) {
                  poll.step();
                  float const l = popularity_[static_cast<std::size_t>(left)];
                  float const r = popularity_[static_cast<std::size_t>(right)];
                  return l != r ? l > r : left < right;
              });

    // The neighbour formula over people reads ratings when a request comes: nothing to learn.
    if (strcmp(learning.algorithm, "user_knn") == 0) {
        return;
    }
    const Learner& learner = find_learner(learning.algorithm);
    FitOptions options;
    options.targets = learning.targets;
    options.threads = learning.threads;
    options.seed = learning.seed;
    std::vector<std::pair<std::string, double>> given;
    for (std::size_t i = 0; i < learner.parameters().size(); ++i) {
        given.emplace_back(learner.parameters()[i].name, learning.parameters[i]);
    }
    Parameters const parameters(learner.parameters(), given);
    budget_.require(learner.fit_memory(*interactions_, parameters, options, monitor_, budget_),
                    "training");
    item_item_.emplace(learner.fit(*interactions_, parameters, options, monitor_, budget_));
}

Trained* new_trained(MemoryContext context) {
    return adopt(context,
                 std::make_unique<Trained>(static_cast<std::size_t>(settings::max_memory) * 1024));
}

}  // namespace knowhow::server
