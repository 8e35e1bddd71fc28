// Damage that the engine finds in what it has read of a segment, with the index and the block.
#pragma once

#include <string>
#include <utility>

#include "engine/base/error.hpp"
#include "server/index/generation_changed.hpp"
#include "server/index/segment_pages.hpp"

namespace knowhow::server::index {

// Runs engine code that reads segments. The engine knows numbers of pages only, and what it finds
// is on the page that it read last.
template <typename Body>
void naming_damage(Relation index, Body&& body) {
    try {
        std::forward<Body>(body)();
    } catch (const GenerationChanged&) {
        throw;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kDataCorrupted) {
            throw;
        }
        throw Error(ErrorCode::kDataCorrupted,
                    "index \"" + std::string(RelationGetRelationName(index)) +
                        "\" is damaged at block " + std::to_string(last_segment_block()) + ": " +
                        error.what(),
                    "REINDEX it.", error.detail());
    }
}

}  // namespace knowhow::server::index
