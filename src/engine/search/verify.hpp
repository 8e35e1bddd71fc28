// Checks everything that must hold of a segment.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include "engine/base/monitor.hpp"
#include "engine/search/segment.hpp"
#include "engine/sparse/vector.hpp"

namespace knowhow::search {

// A number that depends on every term and weight of a vector; the same for equal vectors only, but
// for one chance in 2^64. 0 for the empty vector.
std::uint64_t fingerprint(VectorView vector) noexcept;

// Reads a whole segment and appends what is wrong with it to `faults`, one sentence each, until
// there are `most`; none where it is sound. Throws Error(kDataCorrupted) where damage ends the walk.
// `fingerprints`: empty, or room for counts().documents numbers, which are set to the fingerprint
// of each document as the postings have it, for a comparison with the table; they mean nothing
// after an exception. Takes 16 bytes a document where the measure is cosine.
void verify_segment(const Segment& segment, std::span<std::uint64_t> fingerprints,
                    std::vector<std::string>& faults, std::size_t most, Monitor& monitor,
                    std::pmr::memory_resource* memory);

}  // namespace knowhow::search
