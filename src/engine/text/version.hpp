// The version of everything that decides how text becomes lexemes.
#pragma once

#include <string>

namespace knowhow::text {

// For example "parser 1, ICU 72.1, Unicode 15.0". The first number grows whenever the tokens or
// the folding of some text change; ICU's and Unicode's are those of the library that is loaded.
std::string text_version();

}  // namespace knowhow::text
