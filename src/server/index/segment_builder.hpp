// Rows on their way into a segment: inverted in memory, by way of temporary files where they do not
// fit.
#pragma once

#include "server/border/postgres.hpp"

#include <memory>
#include <optional>
#include <vector>

#include "engine/base/monitor.hpp"
#include "engine/search/inversion.hpp"
#include "engine/search/merge.hpp"
#include "server/border/context_memory.hpp"
#include "server/index/segment_pages.hpp"

namespace knowhow::server::index {

class RunFile;

// For engine code.
class SegmentBuilder {
  public:
    // Takes `kilobytes` (maintenance_work_mem, say) and one row more for the rows, and what
    // write_segment() takes besides; memory and files belong to `context` and the current resource
    // owner.
    SegmentBuilder(Relation index, Writing writing, int kilobytes, MemoryContext context,
                   Monitor& monitor);
    ~SegmentBuilder();

    void add(const search::Row& row);

    // Writes the segment; none where no row was added. Once.
    std::optional<SegmentEntry> finish(search::Measure measure);

  private:
    Relation index_;
    Writing writing_;
    std::size_t most_bytes_;
    MemoryContext context_;
    Monitor* monitor_;
    ContextMemory memory_;
    search::Inversion rows_;
    std::vector<std::unique_ptr<RunFile>> runs_;
};

}  // namespace knowhow::server::index
