// sum(tfidf) and avg(tfidf). The state adds up in double, and lives with all that it holds in the
// aggregate's memory context, so that no destructor need run and HashAggregate sees its size.
#include "server/border/border.hpp"

#include <cstring>
#include <memory>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/sparse/accumulator.hpp"
#include "server/border/context_memory.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

struct SumState {
    explicit SumState(MemoryContext context) : memory(context), terms(&memory) {}
    ContextMemory memory;
    TermAccumulator terms;
    int64 vectors = 0;  // how many were added: what avg() divides by
};

// The serialized state, in the machine's byte order, for the processes of one query: int64
// vectors, then for each term float64 sum, uint32 bytes, the bytes.
constexpr std::size_t kHeadBytes = sizeof(int64);
constexpr std::size_t kTermBytes = sizeof(double) + sizeof(uint32);

MemoryContext aggregate_context(FunctionCallInfo fcinfo) {
    MemoryContext context;
    if (AggCheckCallContext(fcinfo, &context) == 0) {
        elog(ERROR, "aggregate function of tfidf called in non-aggregate context");
    }
    return context;
}

SumState* new_state(MemoryContext context) {
    void* memory = nullptr;
    guarded([&] { memory = MemoryContextAlloc(context, sizeof(SumState)); });
    return std::construct_at(static_cast<SumState*>(memory), context);
}

SumState* state_argument(FunctionCallInfo fcinfo, int n) {
    return PG_ARGISNULL(n) ? nullptr : reinterpret_cast<SumState*>(PG_GETARG_POINTER(n));
}

Datum divided(const SumState& state, double divisor) {
    InterruptMonitor monitor;
    std::vector<TermWeight> terms = state.terms.sorted(monitor);
    for (TermWeight& term : terms) {
        term.weight /= divisor;
    }
    return tfidf_datum(terms);
}

}  // namespace

// tfidf_sum_transition(internal, tfidf) -> internal; NULL vectors do not count
KNOWHOW_FUNCTION(tfidf_sum_transition) {
    MemoryContext const context = aggregate_context(fcinfo);
    SumState* state = state_argument(fcinfo, 0);
    if (!PG_ARGISNULL(1)) {
        VectorView const vector = tfidf_view(PG_GETARG_DATUM(1));
        if (state == nullptr) {
            state = new_state(context);
        }
        state->terms.add_vector(vector);
        ++state->vectors;
    }
    if (state == nullptr) {
        PG_RETURN_NULL();
    }
    PG_RETURN_POINTER(state);
}

// tfidf_sum_combine(internal, internal) -> internal
KNOWHOW_FUNCTION(tfidf_sum_combine) {
    MemoryContext const context = aggregate_context(fcinfo);
    SumState* state = state_argument(fcinfo, 0);
    const SumState* const other = state_argument(fcinfo, 1);
    if (other != nullptr) {
        if (state == nullptr) {
            state = new_state(context);
        }
        other->terms.for_each(
            [&](std::string_view term, double sum) { state->terms.add(term, sum); });
        state->vectors += other->vectors;
    }
    if (state == nullptr) {
        PG_RETURN_NULL();
    }
    PG_RETURN_POINTER(state);
}

// tfidf_sum_serialize(internal) -> bytea
KNOWHOW_FUNCTION(tfidf_sum_serialize) {
    aggregate_context(fcinfo);
    const SumState& state = *state_argument(fcinfo, 0);
    std::size_t bytes = VARHDRSZ + kHeadBytes;
    state.terms.for_each([&](std::string_view term, double) { bytes += kTermBytes + term.size(); });
    bytea* const result = static_cast<bytea*>(palloc(bytes));
    SET_VARSIZE(result, bytes);
    char* at = VARDATA(result);
    auto const put = [&](const void* from, std::size_t size) {
        memcpy(at, from, size);
        at += size;
    };
    put(&state.vectors, sizeof state.vectors);
    state.terms.for_each([&](std::string_view term, double sum) {
        uint32 const length = static_cast<uint32>(term.size());
        put(&sum, sizeof sum);
        put(&length, sizeof length);
        put(term.data(), term.size());
    });
    PG_RETURN_BYTEA_P(result);
}

// tfidf_sum_deserialize(bytea, internal) -> internal
KNOWHOW_FUNCTION(tfidf_sum_deserialize) {
    aggregate_context(fcinfo);
    const bytea* const serialized = PG_GETARG_BYTEA_PP(0);
    const char* at = VARDATA_ANY(serialized);
    const char* const end = at + VARSIZE_ANY_EXHDR(serialized);
    // In the short-lived context of this call: the combining function copies what it needs.
    SumState* const state = new_state(CurrentMemoryContext);
    auto const get = [&](void* to, std::size_t size) {
        if (static_cast<std::size_t>(end - at) < size) {
            throw Error(ErrorCode::kDataCorrupted, "serialized sum of tfidf values is cut off");
        }
        memcpy(to, at, size);
        at += size;
    };
    get(&state->vectors, sizeof state->vectors);
    while (at < end) {
        double sum;
        uint32 length;
        get(&sum, sizeof sum);
        get(&length, sizeof length);
        if (length > static_cast<std::size_t>(end - at)) {
            throw Error(ErrorCode::kDataCorrupted, "serialized sum of tfidf values is cut off");
        }
        state->terms.add({at, length}, sum);
        at += length;
    }
    PG_RETURN_POINTER(state);
}

// tfidf_sum_final(internal) -> tfidf; NULL where nothing was added
KNOWHOW_FUNCTION(tfidf_sum_final) {
    const SumState* const state = state_argument(fcinfo, 0);
    if (state == nullptr) {
        PG_RETURN_NULL();
    }
    return divided(*state, 1);
}

// tfidf_avg_final(internal) -> tfidf; NULL where nothing was added
KNOWHOW_FUNCTION(tfidf_avg_final) {
    const SumState* const state = state_argument(fcinfo, 0);
    if (state == nullptr) {
        PG_RETURN_NULL();
    }
    return divided(*state, static_cast<double>(state->vectors));
}

}  // namespace knowhow::server
