#include "engine/learn/similarity.hpp"

#include <algorithm>
#include <bit>
#include <memory_resource>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/base/parallel.hpp"
#include "engine/learn/cancellation.hpp"
#include "engine/learn/row_products.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kRowsPerChunk = 8;

struct Scratch {
    Scratch(std::size_t items, std::pmr::memory_resource* resource)
        : products(items, resource), found(resource) {}
    SparseSums products;
    std::pmr::vector<Target> found;
};

std::size_t worker_count(std::size_t items, int threads) {
    const std::size_t chunks = (items + kRowsPerChunk - 1) / kRowsPerChunk;
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(threads, 1)), 1,
                                   std::max<std::size_t>(chunks, 1));
}

}  // namespace

std::size_t top_similarities_memory(std::span<const std::int32_t> reach, std::int32_t targets,
                                    int threads) {
    const std::size_t items = reach.size();
    std::size_t kept = 0;
    std::size_t longest = 0;
    for (const std::int32_t entries : reach) {
        kept += static_cast<std::size_t>(std::clamp(entries, 0, targets));
        longest = std::max(longest, static_cast<std::size_t>(std::max(entries, 0)));
    }
    // What was found in a row grows by doubling, and old and new lie side by side meanwhile.
    const std::size_t found = std::bit_ceil(longest) * sizeof(Target) * 3 / 2;
    const std::size_t scratch =
        sizeof(Scratch) + items * (sizeof(double) + sizeof(std::int32_t)) + found;
    return items * sizeof(std::pmr::vector<Target>) + kept * sizeof(Target) +
           worker_count(items, threads) * scratch;
}

ItemItem top_similarities(const Similarity& similarity, std::int32_t targets, int threads,
                          Monitor& monitor, MemoryBudget& budget) {
    if (targets < 1) {
        throw Error(ErrorCode::kInvalidArgument,
                    "number of targets cannot be " + std::to_string(targets),
                    "Each item keeps at least one target.");
    }
    const std::int32_t item_count = similarity.rows.row_count();
    const auto items = static_cast<std::size_t>(item_count);
    ItemItem result(item_count, &budget);
    const std::size_t workers = worker_count(items, threads);
    std::pmr::vector<Scratch> scratch(&budget);
    scratch.reserve(workers);
    for (std::size_t worker = 0; worker < workers; ++worker) {
        scratch.emplace_back(items, &budget);
    }

    Cancellation cancellation(monitor);
    const auto body = [&](std::size_t begin, std::size_t end, int worker) {
        Scratch& mine = scratch[static_cast<std::size_t>(worker)];
        CheckedProducts products(cancellation);
        for (std::size_t index = begin; index < end; ++index) {
            cancellation.check();
            const auto item = static_cast<std::int32_t>(index);
            products.add_row(similarity.rows, similarity.columns, similarity.column_weight, item,
                             mine.products);
            mine.found.clear();
            mine.products.drain([&](std::int32_t other, double product) {
                const double denominator =
                    similarity.left[index] * similarity.right[static_cast<std::size_t>(other)] +
                    similarity.shrinkage;
                if (other == item || !(denominator > 0)) {
                    return;
                }
                const auto weight = static_cast<float>(product / denominator);
                if (weight != 0) {
                    mine.found.push_back({other, weight});
                }
            });
            keep_strongest(mine.found, static_cast<std::size_t>(targets));
            result.set_row(item, mine.found);
        }
    };
    parallel_for(items, kRowsPerChunk, static_cast<int>(workers), cancellation, body);
    return result;
}

}  // namespace knowhow
