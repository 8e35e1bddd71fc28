// How a thread keeps its share of a CPU, and its place behind others.
#pragma once

#include <chrono>

namespace knowhow {

// Says how long a thread must rest so that it works for no more than `share` of the time.
//
// It reads no clock: it is given readings of two. `now` is the time that passes, of a clock that
// never goes back. `worked` is what of it was work, and must stand still while the thread rests:
//  - CPU time (thread_cpu_time()), for threads that compute. Waiting for a CPU that others use is
//    then no work, and counts towards the rest: who has already given way does not pay twice. A
//    thread that waits for others (parallel_for's caller) owes nothing either.
//  - now minus all rests, or a sum of steps' durations, where waiting (for a disk, say) is itself
//    a load that others feel.
//
// Rests shorter than kLeastRest are put off and added up: a timer is no more precise than a tenth
// of a millisecond, and each rest costs two switches of context. Rests that turned out longer than
// asked for, and waiting, count towards later ones up to kMostCredit, so that a long wait is not
// followed by a long burst.
class Pacer {
  public:
    using Time = std::chrono::nanoseconds;
    static constexpr Time kLeastRest = std::chrono::milliseconds(2);
    static constexpr Time kMostCredit = std::chrono::milliseconds(10);

    // `share` in (0, 1]; less than a thousandth counts as a thousandth. The readings are those at
    // the beginning of the work.
    Pacer(double share, Time worked, Time now) noexcept;

    // How long to rest now: zero, or kLeastRest and more. Call it after each piece of work; the
    // rest shows in the next call's `now`.
    Time rest(Time worked, Time now) noexcept;
    // The same at the end of all work, when nothing can be put off: any length.
    Time last_rest(Time worked, Time now) noexcept;

  private:
    const double cost_;  // time that must pass for a unit of work
    Time worked_;
    Time now_;
    Time owed_{0};  // negative: credit
};

// CPU time that the calling thread has used (CLOCK_THREAD_CPUTIME_ID). A system call: about a
// quarter of a microsecond.
std::chrono::nanoseconds thread_cpu_time() noexcept;

// A reading of the clock that never goes back (CLOCK_MONOTONIC).
std::chrono::nanoseconds steady_time() noexcept;

// Raises the calling thread's nice value to `nice` (0 to 19) where it is less, for the rest of
// the thread's life: without privileges nobody may lower it again. Never call it on the main
// thread of a process that holds locks for which others wait.
//
// On Linux, against POSIX, a nice value belongs to a thread. Elsewhere it belongs to the process,
// and nothing is done.
void give_way(int nice) noexcept;

}  // namespace knowhow
