#include "engine/base/parallel.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/base/pace.hpp"

namespace knowhow {
namespace {

using namespace std::chrono_literals;

class Paced : public Monitor {
  public:
    explicit Paced(Pace pace) : pace_(pace) {}
    Pace pace() const override { return pace_; }
    void progress(std::int64_t done, std::int64_t total) override {
        EXPECT_LE(last, done);
        EXPECT_LE(done, total);
        last = done;
        this->total = total;
    }
    std::int64_t last = 0;
    std::int64_t total = -1;

  private:
    Pace pace_;
};

// Asks to stop once the workers are at it.
class Stopping : public Paced {
  public:
    explicit Stopping(Pace pace) : Paced(pace) {}
    void poll() override {
        if (++polls_ == 2) {
            before_throw();
            throw Error(ErrorCode::kCanceled, "asked to stop");
        }
    }
    virtual void before_throw() {}

  private:
    int polls_ = 0;
};

void use_cpu(std::chrono::nanoseconds time) {
    const auto begin = thread_cpu_time();
    while (thread_cpu_time() - begin < time) {
    }
}

constexpr Pace kPaces[] = {{}, {.nice = 19}, {.share = 0.5}, {.nice = 5, .share = 0.9}};

TEST(ParallelFor, EveryIndexOnceAtAnyPace) {
    for (const Pace& pace : kPaces) {
        for (const int threads : {0, 1, 2, 7}) {
            for (const std::size_t count : {0, 1, 10, 1000}) {
                Paced monitor(pace);
                std::vector<int> seen(count, 0);
                std::atomic<int> largest{-1};
                parallel_for(
                    count, 3, threads, monitor,
                    [&](std::size_t begin, std::size_t end, int worker) {
                        EXPECT_LE(end - begin, 3U);
                        for (std::size_t i = begin; i < end; ++i) {
                            ++seen[i];
                        }
                        int before = largest;
                        while (before < worker && !largest.compare_exchange_weak(before, worker)) {
                        }
                    });
                EXPECT_EQ(seen, std::vector<int>(count, 1));
                EXPECT_LT(largest, std::max(threads, 1));
                if (count > 0) {
                    EXPECT_EQ(monitor.last, static_cast<std::int64_t>(count));
                    EXPECT_EQ(monitor.total, static_cast<std::int64_t>(count));
                }
            }
        }
    }
}

TEST(ParallelFor, PacedWorkLeavesTheCallingThread) {
    const auto caller = std::this_thread::get_id();
    for (const Pace& pace : kPaces) {
        Paced monitor(pace);
        const bool paced = pace.nice > 0 || pace.share < 1;
        parallel_for(20, 1, 1, monitor, [&](std::size_t, std::size_t, int worker) {
            EXPECT_EQ(worker, 0);
            EXPECT_EQ(std::this_thread::get_id() != caller, paced);
        });
    }
}

#ifdef __linux__
TEST(ParallelFor, WorkersAreNiceTheCallerIsNot) {
    const int before = getpriority(PRIO_PROCESS, 0);
    for (const int threads : {1, 3}) {
        Paced monitor({.nice = 19});
        parallel_for(20, 1, threads, monitor, [&](std::size_t, std::size_t, int) {
            EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 19);
        });
    }
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), before);
}
#endif

TEST(ParallelFor, KeepsTheShareOfEachThread) {
    for (const int threads : {1, 2}) {
        Paced monitor({.share = 0.25});
        std::mutex mutex;
        std::map<int, std::chrono::nanoseconds> used;
        const auto begin = steady_time();
        parallel_for(60, 1, threads, monitor, [&](std::size_t, std::size_t, int worker) {
            const auto cpu = thread_cpu_time();
            use_cpu(1ms);
            std::lock_guard lock(mutex);
            used[worker] += thread_cpu_time() - cpu;
        });
        const auto elapsed = steady_time() - begin;
        for (const auto& [worker, cpu] : used) {
            EXPECT_GE(elapsed + Pacer::kMostCredit, 4 * cpu) << worker;
        }
    }
}

TEST(ParallelFor, ManyShortCallsKeepTheShareToo) {
    Paced monitor({.share = 0.1});
    const auto begin = steady_time();
    for (int i = 0; i < 50; ++i) {
        parallel_for(1, 1, 1, monitor, [](std::size_t, std::size_t, int) { use_cpu(100us); });
    }
    EXPECT_GE(steady_time() - begin, 50ms);
}

TEST(ParallelFor, WakesSleepersToStop) {
    // After its first chunk each worker owes a rest of ten seconds.
    const auto body = [](std::size_t, std::size_t, int) { use_cpu(10ms); };
    for (const int threads : {1, 3}) {
        Stopping monitor({.share = 0.001});
        const auto begin = steady_time();
        EXPECT_THROW(parallel_for(1000, 1, threads, monitor, body), Error);
        EXPECT_LT(steady_time() - begin, 5s);
    }
}

TEST(ParallelFor, AFailureWakesSleepers) {
    Paced monitor({.share = 0.001});
    const auto begin = steady_time();
    EXPECT_THROW(parallel_for(2, 1, 2, monitor,
                              [](std::size_t index, std::size_t, int) {
                                  if (index == 1) {
                                      std::this_thread::sleep_for(50ms);
                                      throw Error(ErrorCode::kLimitExceeded, "thrown by a worker");
                                  }
                                  use_cpu(10ms);
                              }),
                 Error);
    EXPECT_LT(steady_time() - begin, 5s);
}

TEST(ParallelFor, StopWorkersWakesSleepers) {
    class Leaving : public Stopping {
      public:
        using Stopping::Stopping;
        void before_throw() override { stop_workers(); }
    };
    for (const int threads : {1, 3}) {
        Leaving monitor({.share = 0.001});
        const auto begin = steady_time();
        EXPECT_THROW(parallel_for(1000, 1, threads, monitor,
                                  [](std::size_t, std::size_t, int) { use_cpu(10ms); }),
                     Error);
        EXPECT_LT(steady_time() - begin, 5s);
    }
    stop_workers();  // outside of parallel_for: nothing to stop
}

}  // namespace
}  // namespace knowhow
