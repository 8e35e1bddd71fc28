#include "engine/base/pace.hpp"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

namespace knowhow {

Pacer::Pacer(double share, Time worked, Time now) noexcept
    : cost_(1 / std::clamp(share, 0.001, 1.0)), worked_(worked), now_(now) {}

Pacer::Time Pacer::last_rest(Time worked, Time now) noexcept {
    const auto work = static_cast<double>((worked - worked_).count());
    owed_ += Time(static_cast<Time::rep>(work * cost_)) - (now - now_);
    owed_ = std::max(owed_, -kMostCredit);
    worked_ = worked;
    now_ = now;
    return std::max(owed_, Time(0));
}

Pacer::Time Pacer::rest(Time worked, Time now) noexcept {
    const Time owed = last_rest(worked, now);
    return owed < kLeastRest ? Time(0) : owed;
}

std::chrono::nanoseconds thread_cpu_time() noexcept {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::chrono::nanoseconds steady_time() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch();
}

void give_way([[maybe_unused]] int nice) noexcept {
#ifdef __linux__
    // Never down: a server that was started with a nice value of its own keeps it at least.
    errno = 0;
    const int present = getpriority(PRIO_PROCESS, 0);
    if (present < nice && errno == 0) {
        // Who gives way needs no privilege, so this fails only where a sandbox forbids the call
        // itself. The work is then done at the present priority: the result is the same, and the
        // share is kept all the same.
        (void)setpriority(PRIO_PROCESS, 0, nice);
    }
#endif
}

}  // namespace knowhow
