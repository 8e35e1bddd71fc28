// Folding of case, width and accents.
#pragma once

#include <string>
#include <string_view>

namespace knowhow::text {

// Writes `text` (UTF-8) to `folded` with case, width and compatibility forms folded (NFKC_Casefold,
// which also drops invisible characters), accents of Latin and Greek letters removed, Latin letters
// with a stroke and ligatures spelled plainly (ø: o, æ: ae), and typographic apostrophes and
// hyphens made plain. Thousands' commas are dropped (1,000: 1000). Returns false, and leaves `folded` alone, where nothing changes or `text` is
// no UTF-8. Throws Error where ICU fails.
bool fold(std::string_view text, std::string& folded);

}  // namespace knowhow::text
