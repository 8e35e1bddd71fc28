// Explains the place of one snippet in the answer to a request, whether it is in it or not.
#pragma once

#include "server/recommend/request.hpp"

extern "C" {
#include <nodes/execnodes.h>
}

namespace knowhow::server {

// A PostgreSQL phase: call it with no destructor pending. `request` names the snippet.
void explain(const Request* request, ReturnSetInfo* result);

}  // namespace knowhow::server
