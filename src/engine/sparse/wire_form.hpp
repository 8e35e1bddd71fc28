// The binary form that clients send: its framing, which is the part that meets hostile bytes.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/sparse/vector.hpp"

namespace knowhow {

// Reads a whole message, integers and floats in network byte order:
//     int32    number of terms
//     for each term: float32 weight, int32 length of the lexeme in bytes, the lexeme
// Lexemes are in the client's encoding, as those of every text type, so a client need not know how
// the server sorts: any order is accepted, and equal terms are added up once they are converted.
// The result points into `message`, in its order. Throws Error: kInvalidText (sizes that do not
// add up, an empty lexeme, a weight that is not finite), kLimitExceeded.
std::vector<TermWeight> decode_wire(const void* message, std::size_t bytes);

}  // namespace knowhow
