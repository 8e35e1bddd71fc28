// Answers one request: reads what is needed under the caller's rights, lets the engine rank, and
// puts the rows into the result.
#pragma once

#include "server/recommend/request.hpp"

extern "C" {
#include <nodes/execnodes.h>
}

namespace knowhow::server {

// A PostgreSQL phase: call it with no destructor pending.
void serve(const Request* request, ReturnSetInfo* result);

}  // namespace knowhow::server
