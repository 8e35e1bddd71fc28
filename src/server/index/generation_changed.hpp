// A page has been used again since its place was read.
#pragma once

#include "server/border/postgres.hpp"

#include <string>

extern "C" {
#include <utils/rel.h>
}

#include "engine/base/error.hpp"

namespace knowhow::server::index {

// Thrown by what reads the index for engine code. A scan starts again from the metapage; to all
// others, who hold what keeps pages from being used again, it is the damage that it says.
class GenerationChanged : public Error {
  public:
    GenerationChanged(Relation index, BlockNumber block)
        : Error(ErrorCode::kDataCorrupted,
                "index \"" + std::string(RelationGetRelationName(index)) +
                    "\" is damaged at block " + std::to_string(block) +
                    ": the page is not the one that leads there",
                "REINDEX it.") {}
};

}  // namespace knowhow::server::index
