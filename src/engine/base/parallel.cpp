#include "engine/base/parallel.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/pace.hpp"

namespace knowhow {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(50);

// PostgreSQL's signal handlers must run on the main thread alone: a thread inherits the mask of
// the thread that starts it.
class AllSignalsBlocked {
  public:
    AllSignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &saved_);
    }
    ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &saved_, nullptr); }
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

  private:
    sigset_t saved_;
};

struct Shared {
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> done{0};
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::condition_variable finished;
    std::condition_variable woken;
    int running = 0;
    std::exception_ptr failure;

    // At their next chunk; those that rest wake up.
    void stop_all() {
        {
            std::lock_guard lock(mutex);
            stop = true;
        }
        woken.notify_all();
    }
};

// How one worker keeps the pace. CPU time is what it counts as work: it computes and nothing else,
// and whatever else keeps it from running has already given others their turn.
class Rests {
  public:
    Rests(Shared& shared, const Pace& pace)
        : shared_(shared),
          limited_(pace.share < 1),
          pacer_(pace.share, thread_cpu_time(), steady_time()) {
        give_way(pace.nice);
    }
    void after_chunk() {
        if (limited_) {
            sleep(pacer_.rest(thread_cpu_time(), steady_time()));
        }
    }
    // So that many short calls keep the share as one long call does.
    void after_all() {
        if (limited_) {
            sleep(pacer_.last_rest(thread_cpu_time(), steady_time()));
        }
    }

  private:
    void sleep(std::chrono::nanoseconds time) {
        if (time > std::chrono::nanoseconds(0)) {
            std::unique_lock lock(shared_.mutex);
            shared_.woken.wait_for(lock, time, [&] { return shared_.stop.load(); });
        }
    }

    Shared& shared_;
    const bool limited_;
    Pacer pacer_;
};

// The parallel_for in which the main thread stands.
Shared* current = nullptr;

class CurrentScope {
  public:
    explicit CurrentScope(Shared& shared) : outer_(std::exchange(current, &shared)) {}
    ~CurrentScope() { current = outer_; }
    CurrentScope(const CurrentScope&) = delete;
    CurrentScope& operator=(const CurrentScope&) = delete;

  private:
    Shared* outer_;
};

}  // namespace

void stop_workers() noexcept {
    if (current == nullptr) {
        return;
    }
    current->stop_all();
    std::unique_lock lock(current->mutex);
    current->finished.wait(lock, [] { return current->running == 0; });
}

void parallel_for(std::size_t count, std::size_t chunk, int threads, Monitor& monitor,
                  const std::function<void(std::size_t, std::size_t, int)>& body) {
    chunk = std::max<std::size_t>(chunk, 1);
    const std::size_t chunks = (count + chunk - 1) / chunk;
    threads = static_cast<int>(std::min<std::size_t>(std::max(threads, 1), chunks));
    const Pace pace = monitor.pace();
    const bool paced = pace.nice > 0 || pace.share < 1;
    if (threads < 1 || (threads == 1 && !paced)) {
        for (std::size_t begin = 0; begin < count; begin += chunk) {
            monitor.poll();
            body(begin, std::min(begin + chunk, count), 0);
            monitor.progress(static_cast<std::int64_t>(std::min(begin + chunk, count)),
                             static_cast<std::int64_t>(count));
        }
        return;
    }

    Shared shared;
    auto work = [&](int worker) noexcept {
        try {
            Rests rests(shared, pace);
            while (!shared.stop.load(std::memory_order_relaxed)) {
                const std::size_t begin = shared.next.fetch_add(chunk, std::memory_order_relaxed);
                if (begin >= count) {
                    break;
                }
                const std::size_t end = std::min(begin + chunk, count);
                body(begin, end, worker);
                shared.done.fetch_add(end - begin, std::memory_order_relaxed);
                rests.after_chunk();
            }
            rests.after_all();
        } catch (...) {
            {
                std::lock_guard lock(shared.mutex);
                if (!shared.failure) {
                    shared.failure = std::current_exception();
                }
            }
            shared.stop_all();
        }
        std::lock_guard lock(shared.mutex);
        --shared.running;
        shared.finished.notify_one();
    };

    std::vector<std::thread> pool;
    pool.reserve(static_cast<std::size_t>(threads));
    std::exception_ptr failure;
    try {
        {
            AllSignalsBlocked blocked;
            for (int worker = 0; worker < threads; ++worker) {
                {
                    std::lock_guard lock(shared.mutex);
                    ++shared.running;
                }
                try {
                    pool.emplace_back(work, worker);
                } catch (...) {
                    std::lock_guard lock(shared.mutex);
                    --shared.running;
                    throw;
                }
            }
        }
        CurrentScope scope(shared);
        std::unique_lock lock(shared.mutex);
        while (!shared.finished.wait_for(lock, kPollInterval,
                                         [&] { return shared.running == 0; })) {
            lock.unlock();
            monitor.poll();
            monitor.progress(static_cast<std::int64_t>(shared.done.load()),
                             static_cast<std::int64_t>(count));
            lock.lock();
        }
    } catch (...) {
        failure = std::current_exception();
        shared.stop_all();
    }
    for (std::thread& thread : pool) {
        thread.join();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    if (shared.failure) {
        std::rethrow_exception(shared.failure);
    }
    monitor.progress(static_cast<std::int64_t>(count), static_cast<std::int64_t>(count));
}

}  // namespace knowhow
