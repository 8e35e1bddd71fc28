#include "server/recommend/serve.hpp"

extern "C" {
#include <utils/fmgrprotos.h>
#include <utils/tuplestore.h>
}

#include "server/module.hpp"
#include "server/recommend/serving.hpp"

namespace knowhow::server {
namespace {

// Engine code. The answers belong to the ranking.
const std::vector<knowhow::Answer>* rank(Serving& serving) {
    InterruptMonitor monitor;
    MemoryBudget budget(static_cast<std::size_t>(settings::max_memory) * 1024);
    return &serving.ranking->rank(static_cast<std::size_t>(serving.request->max_results),
                                  serving.model_id(), monitor, budget);
}

void put_answers(const std::vector<knowhow::Answer>& answers, ReturnSetInfo* result) {
    MemoryContext const row = AllocSetContextCreate(CurrentMemoryContext, "knowhow answer",
                                                    ALLOCSET_DEFAULT_SIZES);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const knowhow::Answer& answer = answers[i];
        MemoryContext const before = MemoryContextSwitchTo(row);
        Datum values[7] = {
            Int32GetDatum(static_cast<std::int32_t>(i) + 1),
            Int64GetDatum(answer.id),
            PointerGetDatum(cstring_to_text_with_len(answer.title.data(),
                                                     static_cast<int>(answer.title.size()))),
            Float8GetDatum(answer.score),
            PointerGetDatum(cstring_to_text_with_len(answer.reason.data(),
                                                     static_cast<int>(answer.reason.size()))),
            DirectFunctionCall1(jsonb_in, CStringGetDatum(answer.evidence.c_str())),
            Float8GetDatum(answer.propensity)};
        bool nulls[7] = {};
        nulls[2] = answer.title.data() == nullptr;
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
        MemoryContextSwitchTo(before);
        MemoryContextReset(row);
        CHECK_FOR_INTERRUPTS();
    }
    MemoryContextDelete(row);
}

}  // namespace

void serve(const Request* request, ReturnSetInfo* result) {
    if (request->max_results == 0) {
        return;
    }
    Serving serving;
    open_serving(&serving, request);
    if (serving.ranking->size() > 0) {
        put_answers(*rank(serving), result);
    }
    serving.parts.end(Part::kRank);
    serving.parts.report(static_cast<long>(serving.ranking->size()));
    close_serving(&serving);
}

}  // namespace knowhow::server
