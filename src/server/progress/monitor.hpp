// The monitor of a training: interruptible, as every engine work, visible, and at the pace of the
// settings knowhow.training_nice and knowhow.training_share.
#pragma once

#include "server/border/border.hpp"

#include <chrono>

#include "engine/base/budget.hpp"
#include "engine/base/pace.hpp"
#include "server/progress/progress.hpp"

namespace knowhow::server {

class TrainingMonitor : public InterruptMonitor {
  public:
    // Between progress_begin() and progress_end(), in the process's main thread. `budget` outlives
    // it.
    explicit TrainingMonitor(const MemoryBudget& budget);

    void poll() override;
    void progress(std::int64_t done, std::int64_t total) override {
        progress_update(done, total);
    }
    Pace pace() const override { return pace_; }

    // poll() for PostgreSQL phases, which read or write rows: call it after each batch. It does not
    // rest: a transaction that sleeps holds back VACUUM and keeps its locks all the longer, which
    // costs others more than the work does. What reading owes is rested off when learning begins.
    void between_batches();

  private:
    using Time = std::chrono::nanoseconds;
    // How long to rest now, in milliseconds, after `work`.
    long rest_after(Time work);
    void rested();

    const MemoryBudget& budget_;
    const Pace pace_;
    // What was work, and when it was last added up. The main thread alone: parallel_for() rests
    // its own threads.
    Time worked_{0};
    Time last_cpu_;
    Time last_now_;
    Pacer pacer_;
};

}  // namespace knowhow::server
