#include "server/progress/monitor.hpp"

extern "C" {
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/pmsignal.h>
#include <utils/wait_event.h>
}

#include "server/module.hpp"

namespace knowhow::server {
namespace {

Pace pace_of_settings() {
    Pace pace;
    // A session's training is waited for: it gives way only where its owner asks for that.
    pace.nice = progress_in_background() ? settings::training_nice : 0;
    pace.share = settings::training_share / 100.0;
    return pace;
}

// Less where a signal comes, to which the process then answers.
void rest(long milliseconds) {
    if (WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
                  PG_WAIT_EXTENSION) & WL_LATCH_SET) {
        ResetLatch(MyLatch);
    }
    CHECK_FOR_INTERRUPTS();
}

}  // namespace

TrainingMonitor::TrainingMonitor(const MemoryBudget& budget)
    : budget_(budget),
      pace_(pace_of_settings()),
      last_cpu_(thread_cpu_time()),
      last_now_(steady_time()),
      pacer_(pace_.share, worked_, last_now_) {}

long TrainingMonitor::rest_after(Time work) {
    worked_ += work;
    Time const time = pacer_.rest(worked_, steady_time());
    return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

void TrainingMonitor::rested() {
    last_cpu_ = thread_cpu_time();
    last_now_ = steady_time();
}

// The engine computes, or waits for its threads: CPU time is its work.
void TrainingMonitor::poll() {
    InterruptMonitor::poll();
    // Nobody cleans up behind a postmaster that was killed, and no new one starts while one of its
    // children lives: learning on would keep the whole server down.
    if (!PostmasterIsAlive()) {
        guarded([] { proc_exit(1); });
    }
    progress_memory(static_cast<int64>(budget_.used()));
    if (pace_.share < 1) {
        long const time = rest_after(thread_cpu_time() - last_cpu_);
        if (time > 0) {
            guarded([time] { rest(time); });
        }
        rested();
    }
}

// Reading and writing, waiting for a disk is a load that others feel: all time is work.
void TrainingMonitor::between_batches() {
    CHECK_FOR_INTERRUPTS();
    progress_memory(static_cast<int64>(budget_.used()));
    if (pace_.share < 1) {
        (void)rest_after(steady_time() - last_now_);
        rested();
    }
}

}  // namespace knowhow::server
