// The rows of a segment that are not deleted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/search/row.hpp"
#include "engine/search/top_k.hpp"

namespace knowhow::search {

// TIDs and deleted bits of rows, read for some at a time and where one of these is asked for.
class LiveRows {
  public:
    explicit LiveRows(const SearchedSegment& searched) : searched_(searched) {}

    // None where it is deleted. Rows are asked for in ascending order.
    std::optional<Tid> live(std::uint32_t row) {
        if (row >= end_) {
            read(row);
        }
        const std::uint32_t place = row - first_;
        return deleted_[place] != 0 ? std::nullopt : std::optional(tids_[place]);
    }

  private:
    static constexpr std::uint32_t kAtATime = 1024;

    void read(std::uint32_t row) {
        first_ = row / kAtATime * kAtATime;
        end_ = std::min(first_ + kAtATime, searched_.segment->rows());
        searched_.segment->read_tids(first_, std::span(tids_).first(end_ - first_));
        if (searched_.has_deleted) {
            searched_.segment->read_deleted(first_, std::span(deleted_).first(end_ - first_));
        }
    }

    const SearchedSegment& searched_;
    std::uint32_t first_ = 0;
    std::uint32_t end_ = 0;
    Tid tids_[kAtATime];
    std::uint8_t deleted_[kAtATime] = {};
};

}  // namespace knowhow::search
