#include "server/model/kept_rows.hpp"

extern "C" {
#include <utils/inval.h>
#include <utils/memutils.h>
}

namespace knowhow::server {
namespace {

constexpr int kMostLists = 16;
constexpr int kFirstRoom = 64;
constexpr Size kMostAllocatedAtOnce = Size{256} * 1024;

KeptRows lists[kMostLists];           // without memory where there is none
MemoryContext all_memory = nullptr;   // a context of each list is below it
bool stale = false;

// Forgets the lists that `which` chooses; the others stay where they are.
template <typename Which>
void forget(Which which) {
    for (KeptRows& list : lists) {
        if (list.memory != nullptr && which(list)) {
            MemoryContextDelete(list.memory);
            list = {};
        }
    }
}

constexpr auto kAll = [](const KeptRows&) { return true; };

// Comes at any moment, also while a kept row is being looked at.
void on_invalidation(Datum, Oid table) {
    for (const KeptRows& list : lists) {
        stale = stale || (list.memory != nullptr && (table == InvalidOid || table == list.table));
    }
}

bool is_full() {
    return MemoryContextMemAllocated(all_memory, true) >= kMostKeptBytes;
}

}  // namespace

KeptRows& kept_rows(Oid table, std::int32_t model_id) {
    if (all_memory == nullptr) {
        all_memory = AllocSetContextCreate(TopMemoryContext, "knowhow kept rows",
                                           ALLOCSET_SMALL_SIZES);
        CacheRegisterRelcacheCallback(on_invalidation, Datum{0});
    }
    if (stale) {
        forget(kAll);
        stale = false;
    }
    KeptRows* free = nullptr;
    for (KeptRows& list : lists) {
        if (list.memory == nullptr) {
            free = free == nullptr ? &list : free;
        } else if (list.table == table && list.model_id == model_id) {
            return list;
        }
    }
    if (free == nullptr) {
        forget(kAll);
        free = &lists[0];
    }
    MemoryContext const memory =
        AllocSetContextCreate(all_memory, "knowhow kept rows of a model", 0, ALLOCSET_DEFAULT_INITSIZE,
                              kMostAllocatedAtOnce);
    KeptRow* const rows =
        static_cast<KeptRow*>(MemoryContextAlloc(memory, sizeof(KeptRow) * kFirstRoom));
    *free = {table, model_id, memory, 0, kFirstRoom, rows, 0};
    return *free;
}

void* allocate_kept(KeptRows& kept, Size size) {
    if (is_full()) {
        forget([&](const KeptRows& list) { return list.model_id != kept.model_id; });
        if (is_full()) {
            return nullptr;
        }
    }
    return MemoryContextAlloc(kept.memory, size);
}

void add_kept(KeptRows& kept, int place, KeptRow row) {
    if (kept.count == kept.room) {
        kept.rows = static_cast<KeptRow*>(
            repalloc(kept.rows, 2 * sizeof(KeptRow) * static_cast<Size>(kept.room)));
        kept.room *= 2;
    }
    std::copy_backward(kept.rows + place, kept.rows + kept.count, kept.rows + kept.count + 1);
    kept.rows[place] = row;
    ++kept.count;
}

}  // namespace knowhow::server
