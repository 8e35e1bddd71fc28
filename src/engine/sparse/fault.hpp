// Payloads of vectors that may be damaged, as those in an index are: VectorView looks at no term.
#pragma once

#include "engine/sparse/vector.hpp"

namespace knowhow {

// Whether every term lies within the payload. Where one does not, nothing but the number of terms
// and their weights may be asked for.
bool terms_lie_within(VectorView vector) noexcept;

// Whether everything may be computed with it: its terms lie within the payload and its weights are
// finite. Cheaper than to look for every fault.
bool is_harmless(VectorView vector) noexcept;

// What no writer produces, as a sentence; NULL where the vector is sound.
const char* fault_of(VectorView vector) noexcept;

}  // namespace knowhow
