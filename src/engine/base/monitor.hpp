// How long engine work stays interruptible and visible.
#pragma once

#include <cstdint>

namespace knowhow {

// How far engine work gives way to whatever else the machine does. It never changes a result.
struct Pace {
    int nice = 0;      // of the threads that the engine starts: 0 to 19, as nice(1) has it
    double share = 1;  // of one CPU for each thread that works, in (0, 1]: the rest it sleeps
};

// Engine loops call poll() at least every 100 ms, on the main thread only. An implementation
// throws to stop the work; the default one never does.
class Monitor {
  public:
    virtual ~Monitor() = default;
    virtual void poll() {}
    // Work done of a total, in units of the current phase. Main thread only.
    virtual void progress(std::int64_t /*done*/, std::int64_t /*total*/) {}
    // Asked for once by each parallel_for(), on the main thread. Loops that run on the main
    // thread itself are not niced; to keep the share there, poll() sleeps (pace.hpp).
    virtual Pace pace() const { return {}; }
};

// Calls monitor.poll() once in `every` steps, so that an inner loop may ask at each step.
class PollEvery {
  public:
    explicit PollEvery(Monitor& monitor, unsigned every = 1024)
        : monitor_(monitor), every_(every), left_(every) {}
    void step() {
        if (--left_ == 0) {
            left_ = every_;
            monitor_.poll();
        }
    }

  private:
    Monitor& monitor_;
    unsigned every_;
    unsigned left_;
};

}  // namespace knowhow
