#include "engine/text/dictionary_words.hpp"

#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include <string>

#include "engine/base/error.hpp"

namespace knowhow::text {
namespace {

void check(UErrorCode status, const char* task) {
    if (U_SUCCESS(status)) {
        return;
    }
    if (status == U_MEMORY_ALLOCATION_ERROR) {
        throw Error(ErrorCode::kOutOfMemory, "ICU has no memory left to find words");
    }
    throw Error(ErrorCode::kInvalidArgument, std::string("ICU cannot ") + task,
                "Check that ICU's data is installed with its library.", u_errorName(status));
}

// Loading the dictionaries is dear, so each thread keeps one iterator as long as the process lives.
struct Finder {
    UText text = UTEXT_INITIALIZER;
    UBreakIterator* iterator = nullptr;
};

Finder& finder() {
    static thread_local Finder* kept = nullptr;
    if (kept == nullptr) {
        UErrorCode status = U_ZERO_ERROR;
        UBreakIterator* iterator = ubrk_open(UBRK_WORD, "", nullptr, 0, &status);
        check(status, "load its word boundaries");
        kept = new Finder;
        kept->iterator = iterator;
    }
    return *kept;
}

}  // namespace

std::size_t dictionary_words(std::string_view run, std::span<std::uint32_t> ends) {
    Finder& found = finder();
    UErrorCode status = U_ZERO_ERROR;
    utext_openUTF8(&found.text, run.data(), static_cast<std::int64_t>(run.size()), &status);
    check(status, "read text");
    ubrk_setUText(found.iterator, &found.text, &status);
    check(status, "read text");
    std::size_t count = 0;
    ubrk_first(found.iterator);
    for (std::int32_t end = ubrk_next(found.iterator); end != UBRK_DONE && count < ends.size();
         end = ubrk_next(found.iterator)) {
        ends[count++] = static_cast<std::uint32_t>(end);
    }
    return count;
}

}  // namespace knowhow::text
