// The monitor of a training: interruptible, as every engine work, and visible.
#pragma once

#include "server/border/border.hpp"

#include "engine/base/budget.hpp"
#include "server/progress/progress.hpp"

namespace knowhow::server {

class TrainingMonitor : public InterruptMonitor {
  public:
    // `budget` outlives it.
    explicit TrainingMonitor(const MemoryBudget& budget) : budget_(budget) {}

    void poll() override {
        InterruptMonitor::poll();
        progress_memory(static_cast<int64>(budget_.used()));
    }
    void progress(std::int64_t done, std::int64_t total) override {
        progress_update(done, total);
    }

  private:
    const MemoryBudget& budget_;
};

}  // namespace knowhow::server
