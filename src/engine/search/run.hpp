// Runs: inversions that did not fit into memory together, on their way through temporary files.
#pragma once

#include <cstddef>

#include "engine/base/monitor.hpp"

namespace knowhow::search {

class Inversion;

// A file that is written once, from front to back. Calls carry some 64 kB.
class RunWriter {
  public:
    virtual ~RunWriter() = default;
    virtual void write(const void* from, std::size_t bytes) = 0;
};

// The same file, read once from front to back. Calls ask for some 64 kB.
class RunReader {
  public:
    virtual ~RunReader() = default;
    // Reads up to `bytes` bytes; 0 at the end, fewer than asked for only there.
    virtual std::size_t read(void* to, std::size_t bytes) = 0;
};

// Writes the inversion as a run. The inversion is in order afterwards and may be cleared.
void write_run(Inversion& inversion, RunWriter& to, Monitor& monitor);

}  // namespace knowhow::search
