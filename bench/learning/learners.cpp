// Fits one learner and ranks with what it stores: quality, seconds and memory, without a server.
//
//   learners LEARNER [name=value ...] [threads=N] [targets=K] [seed=S] [history=N]
//     lists=TRAIN,TEST      people's items, a line each: count, then items (as in citeulike-t);
//                           TEST may be "validate": three of each person's items (those with six or
//                           more) are held out of TRAIN by `seed`, and TEST is not read
//     dump=FILE             what is fitted, as pairs of int32, for others to learn from
//     exact=1               ials: people folded in exactly, not by the stored matrix
//     generate=PEOPLE,ITEMS,INTERACTIONS   a power law, by `seed`; a tenth is held out
//
// Every item that is not in a person's training line is ranked.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/learn/ials.hpp"
#include "engine/learn/learner.hpp"

namespace {

using namespace knowhow;
using Lists = std::vector<std::vector<std::int32_t>>;

Lists read_lists(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw std::runtime_error("cannot read " + path);
    }
    Lists lists;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::int32_t item;
        words >> item;
        lists.emplace_back();
        while (words >> item) {
            lists.back().push_back(item);
        }
    }
    return lists;
}

double uniform(std::mt19937_64& random) {
    return static_cast<double>(random() >> 11) * 0x1p-53;
}

// Moves three items of those who have six or more.
void hold_out(Lists& train, Lists& test, std::mt19937_64& random) {
    test.assign(train.size(), {});
    for (std::size_t user = 0; user < train.size(); ++user) {
        for (int n = 0; n < 3 && train[user].size() + static_cast<std::size_t>(n) >= 6; ++n) {
            const std::size_t at = random() % train[user].size();
            test[user].push_back(train[user][at]);
            train[user].erase(train[user].begin() + static_cast<std::ptrdiff_t>(at));
        }
    }
}

// People in groups of tastes: most of a person's items are of two of 50 groups, items and people
// by power laws. No model of anything but sizes and some structure to find.
void generate(std::size_t people, std::size_t items, std::size_t interactions, Lists& train,
              Lists& test, std::mt19937_64& random) {
    constexpr std::size_t kGroups = 50;
    train.assign(people, {});
    test.assign(people, {});
    std::vector<double> share(people);
    double sum = 0;
    for (double& value : share) {
        value = std::pow(uniform(random) + 1e-3, -0.6);
        sum += value;
    }
    for (std::size_t user = 0; user < people; ++user) {
        auto count = static_cast<std::size_t>(
            share[user] / sum * static_cast<double>(interactions) + uniform(random));
        count = std::min(count, items / 4);
        const std::size_t tastes[2] = {random() % kGroups, random() % kGroups};
        std::vector<std::int32_t>& mine = train[user];
        while (mine.size() < count) {
            for (std::size_t n = mine.size(); n < count; ++n) {
                auto item = static_cast<std::size_t>(static_cast<double>(items) *
                                                     std::pow(uniform(random), 2.5));
                if (uniform(random) < 0.7) {
                    item = std::min(item / kGroups * kGroups + tastes[random() % 2], items - 1);
                }
                mine.push_back(static_cast<std::int32_t>(item));
            }
            std::sort(mine.begin(), mine.end());
            mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
        }
        for (std::size_t n = count / 10; n > 0; --n) {
            const std::size_t at = random() % mine.size();
            test[user].push_back(mine[at]);
            mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }
}

struct Quality {
    double recall50 = 0, recall100 = 0, recall300 = 0, ndcg10 = 0;
    std::size_t people = 0;
};

// With `factors` people are folded in exactly; else what is stored ranks.
Quality evaluate(const ItemItem& model, const IalsFactors* factors, const Interactions& data, const Lists& train,
                 const Lists& test, std::size_t history, std::size_t most_people) {
    Quality result;
    std::vector<double> score(data.items().size());
    std::vector<std::int32_t> order;
    for (std::size_t user = 0; user < train.size() && result.people < most_people; ++user) {
        if (train[user].empty() || test[user].empty()) {
            continue;
        }
        ++result.people;
        std::fill(score.begin(), score.end(), 0.0);
        for (std::size_t n = 0; n < std::min(train[user].size(), history); ++n) {
            for (const Target& target : model.row(*data.item_position(train[user][n]))) {
                score[static_cast<std::size_t>(target.position)] +=
                    static_cast<double>(target.weight);
            }
        }
        if (factors != nullptr) {
            std::vector<std::int32_t> positions;
            for (const std::int32_t item : train[user]) {
                positions.push_back(*data.item_position(item));
            }
            std::vector<double> person(factors->factors());
            factors->fold_in(positions, std::vector<double>(positions.size(), 1.0), person.data());
            for (std::size_t item = 0; item < score.size(); ++item) {
                const double* const vector = factors->item(static_cast<std::int32_t>(item));
                score[item] = std::inner_product(person.begin(), person.end(), vector, 0.0);
            }
        }
        for (const std::int32_t item : train[user]) {
            score[static_cast<std::size_t>(*data.item_position(item))] = -1e30;
        }
        order.clear();
        for (std::size_t item = 0; item < score.size(); ++item) {
            if (score[item] > 0) {
                order.push_back(static_cast<std::int32_t>(item));
            }
        }
        const auto better = [&](std::int32_t a, std::int32_t b) {
            const double x = score[static_cast<std::size_t>(a)];
            const double y = score[static_cast<std::size_t>(b)];
            return x != y ? x > y : a < b;
        };
        const std::size_t kept = std::min<std::size_t>(order.size(), 300);
        std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept),
                          order.end(), better);
        double hits50 = 0, hits100 = 0, hits300 = 0, gain = 0, ideal = 0;
        const std::vector<std::int32_t>& wanted = test[user];
        for (std::size_t rank = 0; rank < kept; ++rank) {
            const std::int64_t id = data.items()[static_cast<std::size_t>(order[rank])];
            if (std::find(wanted.begin(), wanted.end(), id) == wanted.end()) {
                continue;
            }
            hits50 += rank < 50;
            hits100 += rank < 100;
            hits300 += 1;
            gain += rank < 10 ? 1 / std::log2(static_cast<double>(rank) + 2) : 0;
        }
        for (std::size_t rank = 0; rank < std::min<std::size_t>(wanted.size(), 10); ++rank) {
            ideal += 1 / std::log2(static_cast<double>(rank) + 2);
        }
        const auto count = static_cast<double>(wanted.size());
        result.recall50 += hits50 / count;
        result.recall100 += hits100 / count;
        result.recall300 += hits300 / count;
        result.ndcg10 += gain / ideal;
    }
    const auto n = static_cast<double>(std::max<std::size_t>(result.people, 1));
    result.recall50 /= n;
    result.recall100 /= n;
    result.recall300 /= n;
    result.ndcg10 /= n;
    return result;
}

int run(int count, char** arguments) {
    const std::string name = arguments[1];
    std::map<std::string, std::string> own = {{"threads", "2"},   {"targets", "200"},
                                              {"seed", "1"},      {"history", "500"},
                                              {"lists", ""},      {"generate", ""},
                                              {"memory", "8192"}, {"people", "5000"}, {"exact", "0"},     {"dump", ""}};
    std::vector<std::pair<std::string, double>> given;
    for (int n = 2; n < count; ++n) {
        const std::string argument = arguments[n];
        const std::size_t at = argument.find('=');
        const std::string key = argument.substr(0, at);
        const std::string value = argument.substr(at + 1);
        if (own.count(key) > 0) {
            own[key] = value;
        } else {
            given.emplace_back(key, std::stod(value));
        }
    }
    std::mt19937_64 random(std::stoull(own["seed"]));
    Lists train;
    Lists test;
    if (!own["generate"].empty()) {
        std::size_t people = 0, items = 0, interactions = 0;
        char comma;
        std::istringstream(own["generate"]) >> people >> comma >> items >> comma >> interactions;
        generate(people, items, interactions, train, test, random);
    } else {
        const std::size_t comma = own["lists"].find(',');
        train = read_lists(own["lists"].substr(0, comma));
        if (own["lists"].substr(comma + 1) == "validate") {
            hold_out(train, test, random);
        } else {
            test = read_lists(own["lists"].substr(comma + 1));
        }
    }

    if (!own["dump"].empty()) {
        std::ofstream file(own["dump"], std::ios::binary);
        for (std::size_t user = 0; user < train.size(); ++user) {
            for (const std::int32_t item : train[user]) {
                const std::int32_t pair[2] = {static_cast<std::int32_t>(user), item};
                file.write(reinterpret_cast<const char*>(pair), sizeof pair);
            }
        }
    }
    Monitor monitor;
    MemoryBudget budget(std::stoull(own["memory"]) << 20);
    InteractionsBuilder builder(budget, monitor);
    for (std::size_t user = 0; user < train.size(); ++user) {
        for (const std::int32_t item : train[user]) {
            builder.add(static_cast<std::int64_t>(user), item, 1);
        }
    }
    const Interactions data = std::move(builder).finish();
    const double held = static_cast<double>(budget.used()) / 1048576;

    const Learner& learner = find_learner(name);
    const Parameters parameters(learner.parameters(), given);
    FitOptions options;
    options.targets = std::stoi(own["targets"]);
    options.threads = std::stoi(own["threads"]);
    options.seed = std::stoull(own["seed"]);
    const auto start = std::chrono::steady_clock::now();
    const std::size_t estimate = learner.fit_memory(data, parameters, options, monitor, budget);
    budget.require(estimate, "training");
    MemoryBudget fitting(budget.limit() - budget.used());
    const ItemItem model = learner.fit(data, parameters, options, monitor, fitting);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::optional<Likes> likes;
    std::optional<IalsFactors> factors;
    if (own["exact"] == "1") {
        likes.emplace(data, 0, parameters["max_user_items"], monitor, budget);
        factors.emplace(*likes, Ials::settings(parameters, options), monitor, budget);
    }
    std::string what = name;
    for (int n = 2; n < count; ++n) {
        const std::string argument = arguments[n];
        if (argument.rfind("lists=", 0) != 0 && argument.rfind("dump=", 0) != 0) {
            what += " " + argument;
        }
    }
    const Quality quality =
        evaluate(model, factors ? &*factors : nullptr, data, train, test, std::stoull(own["history"]), std::stoull(own["people"]));
    std::printf("%s: %zu interactions, %zu targets, %.1f s, fit %.0f MB (estimate %.0f) beside %.0f "
                "MB; %zu people: Recall@50/@100/@300 %.4f/%.4f/%.4f nDCG@10 %.4f\n",
                what.c_str(), data.size(), model.target_count(), seconds,
                static_cast<double>(fitting.peak()) / 1048576,
                static_cast<double>(estimate) / 1048576, held, quality.people, quality.recall50,
                quality.recall100, quality.recall300, quality.ndcg10);
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) {
        std::fputs("usage: learners LEARNER [name=value ...]; see the top of learners.cpp\n", stderr);
        return 2;
    }
    try {
        return run(count, arguments);
    } catch (const Error& error) {
        std::fprintf(stderr, "%s\n%s\n%s\n", error.what(), error.detail().c_str(),
                     error.hint().c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
    }
    return 1;
}
