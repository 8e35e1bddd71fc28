// The launcher: one process, connected to no database, that sends visits into all of them; see
// launcher.cpp.
#pragma once

namespace knowhow::server {

// Called from _PG_init while the postmaster loads the library.
void register_launcher();

}  // namespace knowhow::server
