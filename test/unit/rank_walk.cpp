// The walk over links and labels, against one that is counted step by step.
#include "engine/rank/walk.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace knowhow {
namespace {

struct Arrow {
    std::int64_t from, to;
    std::string kind;
};

// A small world: links, labels, and what a person liked.
struct World {
    std::vector<Arrow> arrows;
    std::map<std::int64_t, std::set<std::string>> labels;
    std::vector<std::pair<std::int64_t, double>> history;

    std::vector<Link> links_of(std::int64_t id) const {
        std::vector<Link> result;
        for (const Arrow& arrow : arrows) {
            if (arrow.from == id) {
                result.push_back({id, arrow.to, arrow.kind, true});
            }
            if (arrow.to == id) {
                result.push_back({id, arrow.from, arrow.kind, false});
            }
        }
        return result;
    }
    std::vector<std::string_view> labels_of(std::int64_t id) const {
        const auto found = labels.find(id);
        return found == labels.end() ? std::vector<std::string_view>()
                                     : std::vector<std::string_view>(found->second.begin(),
                                                                     found->second.end());
    }
    std::int64_t bearers(std::string_view label) const {
        std::int64_t count = 0;
        for (const auto& [id, own] : labels) {
            count += static_cast<std::int64_t>(own.count(std::string(label)));
        }
        return count;
    }

    // The probability of ending at each snippet, by following every path.
    std::map<std::int64_t, double> ends() const {
        std::map<std::int64_t, double> result;
        std::set<std::int64_t> duplicates;
        double total = 0;
        for (const auto& [id, weight] : history) {
            total += weight > 0 ? weight : 0;
        }
        for (const auto& [id, weight] : history) {
            if (weight <= 0) {
                continue;
            }
            const auto first = links_of(id);
            for (const Link& link : first) {
                const double mass = weight / total / static_cast<double>(first.size());
                if (link.kind == "duplicate") {
                    duplicates.insert(link.other);
                }
                result[link.other] += mass / 2;
                const auto second = links_of(link.other);
                for (const Link& onward : second) {
                    result[onward.other] += mass / 4 / static_cast<double>(second.size());
                }
                const auto own = labels_of(link.other);
                for (std::string_view label : own) {
                    for (const auto& [other, theirs] : labels) {
                        if (theirs.contains(std::string(label))) {
                            result[other] += mass / 4 / static_cast<double>(own.size()) /
                                             static_cast<double>(bearers(label));
                        }
                    }
                }
            }
        }
        for (std::int64_t id : duplicates) {
            result.erase(id);
        }
        return result;
    }
};

// Hands the world over as the server does.
void walk_in(const World& world, Walk& walk, std::mt19937& random) {
    const auto all = [&](const std::vector<std::int64_t>& ids) {
        std::vector<Link> links;
        for (std::int64_t id : ids) {
            const auto own = world.links_of(id);
            links.insert(links.end(), own.begin(), own.end());
        }
        std::shuffle(links.begin(), links.end(), random);
        return links;
    };
    walk.add_first(all(walk.starts()));
    walk.add_second(all(walk.seconds()));
    for (std::int64_t id : walk.seconds()) {
        for (std::string_view label : world.labels_of(id)) {
            walk.add_label(id, label);
        }
    }
    std::vector<std::int64_t> counts;
    for (std::string_view label : walk.collect_labels()) {
        counts.push_back(world.bearers(label));
    }
    walk.set_label_counts(counts);
}

World random_world(std::mt19937& random) {
    World world;
    const int size = 5 + static_cast<int>(random() % 10);
    const auto any = [&] { return static_cast<std::int64_t>(random() % static_cast<unsigned>(size)); };
    for (unsigned i = random() % 30; i > 0; --i) {
        const std::int64_t from = any();
        const std::int64_t to = any();
        static const char* const kinds[] = {"reference", "prerequisite", "duplicate"};
        if (from != to) {
            world.arrows.push_back({from, to, kinds[random() % 8 == 0 ? 2 : random() % 2]});
        }
    }
    for (std::int64_t id = 0; id < size; ++id) {
        for (unsigned i = random() % 3; i > 0; --i) {
            world.labels[id].insert("tag:" + std::to_string(random() % 4));
        }
    }
    std::set<std::int64_t> met;
    for (unsigned i = 1 + random() % 3; i > 0; --i) {
        const std::int64_t id = any();
        if (met.insert(id).second) {
            world.history.emplace_back(id, random() % 5 == 0 ? -1.0 : 0.25 * (1 + random() % 4));
        }
    }
    return world;
}

class WalkTest : public ::testing::Test {
  protected:
    void remember(const World& world) {
        for (const auto& [id, weight] : world.history) {
            person_.add(id, weight);
            person_.describe(id, "t", VectorView());
        }
        person_.keep_readable();
        for (const auto& [id, weight] : world.history) {
            for (std::string_view label : world.labels_of(id)) {
                person_.add_label(id, label);
            }
        }
        person_.collect_labels();
    }
    Monitor monitor_;
    Person person_{monitor_};
};

TEST(WalkOverLinks, EqualsTheCountOfPathsInWhateverOrderLinksCome) {
    std::mt19937 random(11);
    Monitor monitor;
    int with_links = 0;
    for (int round = 0; round < 300; ++round) {
        const World world = random_world(random);
        Person person(monitor);
        for (const auto& [id, weight] : world.history) {
            person.add(id, weight);
            person.describe(id, "t", VectorView());
        }
        person.keep_readable();
        Walk walk(person);
        walk_in(world, walk, random);
        Walk again(person);
        walk_in(world, again, random);
        const auto ends = world.ends();
        with_links += !ends.empty();
        double largest = 0;
        for (std::int64_t id = 0; id < 15; ++id) {
            const auto labels = world.labels_of(id);
            const auto found = ends.find(id);
            const double expected = found == ends.end() ? 0 : found->second;
            ASSERT_NEAR(walk.score(id, labels), expected, 1e-12);
            ASSERT_EQ(walk.score(id, labels), again.score(id, labels)) << "to the last bit";
            double sum = 0;
            for (const WalkPath& path : walk.paths(id, labels)) {
                EXPECT_GT(path.value, 0);
                sum += path.value;
            }
            ASSERT_NEAR(sum, expected, 1e-12);
        }
        for (const auto& [id, weight] : world.history) {
            largest = std::max(largest, walk.score(id, {}));
        }
        EXPECT_GE(walk.largest_on_history(), largest);
        // What links lead to, best first.
        double last = 1;
        for (std::int64_t id : walk.reached()) {
            const double score = walk.score(id, {});
            EXPECT_LE(score, last + 1e-15);
            last = score;
        }
    }
    EXPECT_GT(with_links, 200);
}

TEST_F(WalkTest, StartsOnlyWhereSomethingWasLiked) {
    World world;
    world.history = {{1, -1}, {2, -0.5}};
    world.arrows = {{1, 3, "reference"}};
    remember(world);
    const Walk walk(person_);
    EXPECT_TRUE(walk.starts().empty());
    EXPECT_EQ(walk.score(3, {}), 0);
    EXPECT_TRUE(walk.reached().empty());
    EXPECT_TRUE(walk.paths(3, {}).empty());
}

TEST_F(WalkTest, PassesThroughADuplicateWithoutEndingThere) {
    World world;
    world.history = {{1, 1}};
    world.arrows = {{1, 2, "duplicate"}, {2, 3, "reference"}};
    remember(world);
    Walk walk(person_);
    std::mt19937 random(1);
    walk_in(world, walk, random);
    EXPECT_EQ(walk.score(2, {}), 0);
    EXPECT_DOUBLE_EQ(walk.score(3, {}), 0.25 / 2);   // 2 has two links, one of them back
    EXPECT_EQ(walk.reached(), (std::vector<std::int64_t>{1, 3}));
}

TEST_F(WalkTest, LongHistoriesStartAtTheStrongest) {
    World world;
    for (std::int64_t id = 0; id < 250; ++id) {
        world.history.emplace_back(id, id % 2 == 0 ? 1.0 : 0.5);
    }
    remember(world);
    const auto starts = Walk(person_).starts();
    ASSERT_EQ(starts.size(), kMostWalked);
    for (std::int64_t id : starts) {
        EXPECT_EQ(id % 2, 0);
        EXPECT_LT(id, 200);
    }
}

}  // namespace
}  // namespace knowhow
