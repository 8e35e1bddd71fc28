// The watcher process; see watcher.cpp.
#pragma once

namespace knowhow::server {

// Starts one, unless there is one. Call it after progress_begin(): the watcher watches those
// processes whose progress says that they are background runs.
void start_watcher();

}  // namespace knowhow::server
