#include "server/train/trained.hpp"

#include <algorithm>
#include <numeric>

#include "engine/base/error.hpp"
#include "engine/learn/learner.hpp"
#include "engine/learn/popularity.hpp"
#include "server/catalog/params.hpp"
#include "server/module.hpp"

namespace knowhow::server {

Trained::Trained(std::size_t memory)
    : budget_(memory),
      monitor_(budget_),
      builder_(std::in_place, budget_, monitor_),
      terms_(budget_, monitor_),
      labels_(budget_, monitor_) {}

Archive* Trained::keep_history() {
    return &history_.emplace(budget_, reading_);
}

// As archive.hpp has it; events and ratings tell at most as much again, twice.
bool Trained::history_fits() const {
    std::size_t const rows = builder_->row_count();
    std::size_t const history =
        content_bytes_ + 300 * (3 * rows + static_cast<std::size_t>(terms_.documents()));
    return budget_.used() + 2 * history < budget_.limit();
}

// Where memory ends the weights stay: the model itself may still fit, once the history has gone.
void Trained::find_weights(const Learning& learning) {
    if (!history_) {
        return;
    }
    replay_.fit.seed = learning.seed;
    replay_.fit.threads = learning.threads;
    try {
        weighing_.found =
            knowhow::find_weights(*history_, replay_, {}, kLater, learning.now, monitor_, budget_);
        weighing_.outcome = weighing_.found.people == 0 ? "too few people"
                            : weighing_.found.better    ? "better"
                                                        : "not better";
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kOutOfMemory) {
            throw;
        }
        weighing_.outcome = "out of memory";
    }
    history_.reset();
}

// Positions by descending value, then position.
std::vector<std::int32_t> Trained::ranked(std::span<const float> values) {
    std::vector<std::int32_t> positions(values.size());
    std::iota(positions.begin(), positions.end(), 0);
    PollEvery poll(monitor_, 65536);
    std::sort(positions.begin(), positions.end(), [&](std::int32_t left, std::int32_t right) {
        poll.step();
        float const l = values[static_cast<std::size_t>(left)];
        float const r = values[static_cast<std::size_t>(right)];
        return l != r ? l > r : left < right;
    });
    return positions;
}

void Trained::learn(const Learning& learning) {
    term_counts_.emplace(terms_.sorted());
    label_counts_.emplace(labels_.sorted());
    budget_.require(builder_->finish_memory(), "training");
    interactions_.emplace(std::move(*builder_).finish(learning.fading));
    builder_.reset();

    std::pmr::vector<double> const sums = knowhow::popularity(*interactions_, monitor_, budget_);
    popularity_.assign(sums.begin(), sums.end());
    by_popularity_ = ranked(popularity_);
    by_trending_ = ranked(interactions_->trending());

    find_weights(learning);

    // The neighbour formula over people reads ratings when a request comes, and a baseline knows no
    // people: nothing to learn.
    if (!learns_matrix(learning.algorithm)) {
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
