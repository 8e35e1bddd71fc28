#include "server/recommend/explain.hpp"

extern "C" {
#include <utils/fmgrprotos.h>
#include <utils/tuplestore.h>
}

#include "server/module.hpp"
#include "server/recommend/serving.hpp"

namespace knowhow::server {
namespace {

// What came of the snippet, in one word and in a sentence.
struct Outcome {
    const char* outcome;
    const char* why;
};

// Engine code. The account belongs to the ranking.
const Account* account_of(const Serving& serving, const Reader* readers, std::size_t count) {
    InterruptMonitor monitor;
    MemoryBudget budget(static_cast<std::size_t>(settings::max_memory) * 1024);
    return serving.ranking->account(
        *serving.request->explained, static_cast<std::size_t>(serving.request->max_results),
        serving.model_id(), {readers, count}, monitor, budget);
}

// Without an account the person is not shown the snippet whatever they ask for.
Outcome outcome_without_account(const Serving& serving) {
    if (may_be_read(serving.sources, *serving.request->explained)) {
        return {"hidden", "its visibility keeps it from this person"};
    }
    return {"unknown", "there is no such snippet, or you may not read it"};
}

// Where the snippet is no candidate, the rank that it would have.
std::size_t rank_of(const Account& account) {
    return account.shown_at > 0 ? account.shown_at : account.rank;
}

Outcome outcome_of(const Serving& serving, const Account& account) {
    std::int64_t const id = *serving.request->explained;
    int const most = serving.request->max_results;
    std::size_t const rank = rank_of(account);
    if (const char* const excluded = excluded_as(serving.sources, id)) {
        return {"excluded", psprintf("left out as %s; it would rank %zu of %zu", excluded, rank,
                                     account.candidates)};
    }
    if (const char* const filters = filtered_by(serving.sources, id)) {
        return {"filtered", psprintf("does not pass %s; it would rank %zu of %zu", filters, rank,
                                     account.candidates)};
    }
    if (serving.found_by == 0) {
        return {"no candidate",
                psprintf("not among the best that any signal brings; it would rank %zu of %zu", rank,
                         account.candidates)};
    }
    if (account.shown_at > 0) {
        return {"recommended",
                psprintf("rank %zu of %zu candidates", rank, account.candidates)};
    }
    if (rank <= static_cast<std::size_t>(most)) {
        return {"ranked lower", psprintf("rank %zu of %zu candidates by score, and then behind "
                                         "others for the sake of diversity",
                                         rank, account.candidates)};
    }
    return {"ranked lower", psprintf("rank %zu of %zu candidates, of which %d are shown",
                                     rank, account.candidates, most)};
}

enum Column {
    kOutcome,
    kWhy,
    kRank,
    kScore,
    kSignal,
    kFound,
    kRawValue,
    kLargestValue,
    kWeight,
    kContribution,
    kEvidence,
    kColumns
};

void put_row(ReturnSetInfo* result, const Outcome& outcome, Datum* values, bool* nulls) {
    values[kOutcome] = CStringGetTextDatum(outcome.outcome);
    values[kWhy] = CStringGetTextDatum(outcome.why);
    nulls[kOutcome] = nulls[kWhy] = false;
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

void put_signal(ReturnSetInfo* result, const Serving& serving, const Outcome& outcome,
                const Account& account, int signal) {
    const SignalAccount& part = account.signals[static_cast<std::size_t>(signal)];
    std::string_view const name = signal_name(static_cast<Signal>(signal));
    bool const measured = signal < kSignals;   // the lack of signals has no value of its own
    Datum values[kColumns] = {};
    bool nulls[kColumns] = {};
    values[kRank] = Int32GetDatum(static_cast<std::int32_t>(rank_of(account)));
    values[kScore] = Float8GetDatum(account.score);
    values[kSignal] =
        PointerGetDatum(cstring_to_text_with_len(name.data(), static_cast<int>(name.size())));
    values[kFound] = BoolGetDatum((serving.found_by & (1U << signal)) != 0);
    values[kRawValue] = Float8GetDatum(part.raw);
    values[kLargestValue] = Float8GetDatum(part.largest);
    nulls[kFound] = nulls[kRawValue] = nulls[kLargestValue] = !measured;
    values[kWeight] = Float8GetDatum(part.weight);
    values[kContribution] = Float8GetDatum(part.contribution);
    values[kEvidence] = DirectFunctionCall1(jsonb_in, CStringGetDatum(part.rows.c_str()));
    put_row(result, outcome, values, nulls);
}

}  // namespace

void explain(const Request* request, ReturnSetInfo* result) {
    Serving serving;
    open_serving(&serving, request);
    std::size_t count = 0;
    const Reader* const readers =
        readers_of(request, serving.neighbours, *request->explained, &count);
    const Account* const account = account_of(serving, readers, count);
    if (account == nullptr) {
        Datum values[kColumns] = {};
        bool nulls[kColumns];
        for (bool& null : nulls) {
            null = true;
        }
        put_row(result, outcome_without_account(serving), values, nulls);
    } else {
        Outcome const outcome = outcome_of(serving, *account);
        for (int signal = 0; signal <= kSignals; ++signal) {
            CHECK_FOR_INTERRUPTS();
            if (signal < kSignals || account->signals[kSignals].contribution != 0) {
                put_signal(result, serving, outcome, *account, signal);
            }
        }
    }
    close_serving(&serving);
}

}  // namespace knowhow::server
