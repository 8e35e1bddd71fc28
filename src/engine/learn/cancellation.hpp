// Lets a long piece of work on any thread end soon after the monitor has asked to stop.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>

#include "engine/base/error.hpp"
#include "engine/base/monitor.hpp"

namespace knowhow {

// parallel_for() stops workers between chunks; one chunk may still be long (a very popular item).
// Hand this monitor to parallel_for() and call check() within the chunk: on the main thread it
// polls, on others it throws once the main thread's poll has thrown.
class Cancellation : public Monitor {
  public:
    // Made on the main thread, which is the one that may poll.
    explicit Cancellation(Monitor& monitor)
        : monitor_(monitor), main_(std::this_thread::get_id()) {}

    void poll() override {
        try {
            monitor_.poll();
        } catch (...) {
            stop_.store(true, std::memory_order_relaxed);
            throw;
        }
    }
    void progress(std::int64_t done, std::int64_t total) override {
        monitor_.progress(done, total);
    }
    Pace pace() const override { return monitor_.pace(); }

    // Any thread; call it at least every 50 ms.
    void check() {
        if (std::this_thread::get_id() == main_) {
            poll();
        } else if (stop_.load(std::memory_order_relaxed)) {
            throw Error(ErrorCode::kCanceled, "stopped");
        }
    }

  private:
    Monitor& monitor_;
    const std::thread::id main_;
    std::atomic<bool> stop_{false};
};

}  // namespace knowhow
