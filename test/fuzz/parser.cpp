// Any bytes are tokenized and folded without reading or writing out of bounds, each byte is
// covered, and pieces cut anywhere are safe.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/text/fold.hpp"
#include "engine/text/tokenizer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace knowhow::text;
    // An own copy of just this size, so that the sanitizer sees each byte behind it.
    const std::string copy(reinterpret_cast<const char*>(data), size);
    const std::string_view text = copy;
    Tokenizer plain(text);
    std::size_t covered = 0;
    std::string folded;
    for (Token token; plain.next(token);) {
        if (token.begin >= token.end || token.begin > covered || token.end <= covered ||
            token.end > size || token.end - token.begin > kMaxTokenBytes) {
            std::abort();
        }
        covered = token.end;
        fold(text.substr(token.begin, token.end - token.begin), folded);
    }
    if (covered != size) {
        std::abort();
    }
    Tokenizer extra(text, true);
    std::size_t tokens = 0;
    for (Token token; extra.next(token);) {
        if (token.begin >= token.end || token.end > size || ++tokens > 4 * size) {
            std::abort();
        }
    }
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t cut = safe_cut(rest, 16);
        if (cut == 0 || cut > rest.size() || cut > 16) {
            std::abort();
        }
        rest.remove_prefix(cut);
    }
    return 0;
}
