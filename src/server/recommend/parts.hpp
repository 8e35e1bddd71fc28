// What the parts of a request cost: a message of level DEBUG1 for each request, for those who ask
// where its time goes (`SET client_min_messages = debug1`).
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <portability/instr_time.h>
}

namespace knowhow::server {

enum class Part { kPerson, kText, kProfile, kCollaborative, kLabels, kOthers, kDescribe, kRank };
inline constexpr int kParts = 8;

// Reset by {}; trivially destructible.
class Parts {
  public:
    void start() { INSTR_TIME_SET_CURRENT(last_); }
    // What passed since start(), or since the last call, belongs to `part`.
    void end(Part part) {
        instr_time now;
        INSTR_TIME_SET_CURRENT(now);
        INSTR_TIME_ACCUM_DIFF(spent_[static_cast<int>(part)], now, last_);
        last_ = now;
    }
    // The candidates: how many were described.
    void report(long candidates) const;

  private:
    instr_time last_;
    instr_time spent_[kParts];
};

}  // namespace knowhow::server
