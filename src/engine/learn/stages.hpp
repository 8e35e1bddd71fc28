// Progress of work that is done in several loops, as one that never goes back.
#pragma once

#include <cstdint>

#include "engine/base/monitor.hpp"

namespace knowhow {

// Hand it to one loop after the other, with next() before each: together they count to `total`.
// Polls and pace are those of the monitor beneath.
class Stages : public Monitor {
  public:
    Stages(Monitor& monitor, std::int64_t total) : monitor_(monitor), total_(total) {}

    // The coming loop counts for `share` of the total.
    void next(std::int64_t share) {
        before_ += share_;
        share_ = share;
    }
    void poll() override { monitor_.poll(); }
    void progress(std::int64_t done, std::int64_t count) override {
        const double part = count > 0 ? static_cast<double>(done) / static_cast<double>(count) : 1;
        const auto at = before_ + static_cast<std::int64_t>(static_cast<double>(share_) * part);
        monitor_.progress(at < total_ ? at : total_, total_);
    }
    Pace pace() const override { return monitor_.pace(); }

  private:
    Monitor& monitor_;
    const std::int64_t total_;
    std::int64_t before_ = 0;
    std::int64_t share_ = 0;
};

}  // namespace knowhow
