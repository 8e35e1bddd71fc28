// Words of scripts that write without spaces, found by ICU's dictionaries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace knowhow::text {

// Cuts `run` (UTF-8) into words and writes their ends, in bytes from the run's start and ascending,
// to `ends`; returns how many. Stops when `ends` is full. Throws Error where ICU fails, be it for
// want of memory or of its data.
std::size_t dictionary_words(std::string_view run, std::span<std::uint32_t> ends);

}  // namespace knowhow::text
