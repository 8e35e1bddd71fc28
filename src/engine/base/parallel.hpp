// Threads, by the rules that make them safe inside a PostgreSQL backend.
#pragma once

#include <cstddef>
#include <functional>

#include "engine/base/monitor.hpp"

namespace knowhow {

// Runs body(begin, end, worker) over [0, count) in chunks of `chunk` on `threads` threads.
//
// Workers start with all signals blocked, never call PostgreSQL, and let no exception escape:
// the first one stops the others and is rethrown here. Meanwhile the calling thread waits and
// polls `monitor` every 50 ms; when poll() throws, the workers stop at their next chunk and the
// exception passes on. With threads <= 1 everything runs on the calling thread, with a poll
// before each chunk. Keep a chunk's work well below 100 ms. Progress is reported in indexes of
// [0, count), at last count of count.
//
// Where monitor.pace() is not the default, even one thread is a thread of its own, because a nice
// value cannot be taken back and the calling thread may hold what others wait for. Each worker
// sets its nice value (give_way() in pace.hpp), and sleeps after a chunk as long as it must so
// that its CPU time stays within the share of the time that has passed; asked to stop, a sleeper
// wakes at once.
//
// Which thread takes which chunk is not determined: a body whose result must not depend on the
// number of threads writes only to places that belong to its own indexes. `worker` is in
// [0, max(threads, 1)): use it for scratch space.
void parallel_for(std::size_t count, std::size_t chunk, int threads, Monitor& monitor,
                  const std::function<void(std::size_t begin, std::size_t end, int worker)>& body);

// Stops the workers of the parallel_for in which the calling thread stands, if it does, and waits
// for them (one chunk's time). For the one case in which parallel_for is never returned to: a
// process that exits from within poll(), and is about to free what the workers read. Main thread
// only.
void stop_workers() noexcept;

}  // namespace knowhow
