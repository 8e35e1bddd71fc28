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
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::condition_variable finished;
    int running = 0;
    std::exception_ptr failure;
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
    current->stop = true;
    std::unique_lock lock(current->mutex);
    current->finished.wait(lock, [] { return current->running == 0; });
}

void parallel_for(std::size_t count, std::size_t chunk, int threads, Monitor& monitor,
                  const std::function<void(std::size_t, std::size_t, int)>& body) {
    chunk = std::max<std::size_t>(chunk, 1);
    const std::size_t chunks = (count + chunk - 1) / chunk;
    threads = static_cast<int>(std::min<std::size_t>(std::max(threads, 1), chunks));
    if (threads <= 1) {
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
            while (!shared.stop.load(std::memory_order_relaxed)) {
                std::size_t begin = shared.next.fetch_add(chunk, std::memory_order_relaxed);
                if (begin >= count) {
                    break;
                }
                body(begin, std::min(begin + chunk, count), worker);
            }
        } catch (...) {
            shared.stop = true;
            std::lock_guard lock(shared.mutex);
            if (!shared.failure) {
                shared.failure = std::current_exception();
            }
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
            monitor.progress(
                static_cast<std::int64_t>(std::min(shared.next.load(), count)),
                static_cast<std::int64_t>(count));
            lock.lock();
        }
    } catch (...) {
        failure = std::current_exception();
        shared.stop = true;
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
}

}  // namespace knowhow
