// Several evaluations that count as one work.
#pragma once

#include <cstdint>

#include "engine/base/monitor.hpp"

namespace knowhow {

// The part number `index` of `count` that are as long as each other.
class PartOf : public Monitor {
  public:
    PartOf(Monitor& whole, std::int64_t index, std::int64_t count)
        : whole_(whole), index_(index), count_(count) {}
    void poll() override { whole_.poll(); }
    void progress(std::int64_t done, std::int64_t total) override {
        whole_.progress(index_ * total + done, count_ * total);
    }
    Pace pace() const override { return whole_.pace(); }

  private:
    Monitor& whole_;
    std::int64_t index_;
    std::int64_t count_;
};

}  // namespace knowhow
