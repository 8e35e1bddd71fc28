// Writing what was learned as the rows of a model version.
#pragma once

#include "server/catalog/model.hpp"
#include "server/train/trained.hpp"

namespace knowhow::server {

// A PostgreSQL phase: call it with no destructor pending. The model is in state building.
ModelResult write_model_rows(std::int32_t model_id, Trained* trained);

}  // namespace knowhow::server
