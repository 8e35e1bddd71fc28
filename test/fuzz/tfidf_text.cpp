// Any text either is refused, or becomes a vector whose text form reads back as the same vector.
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/sparse/text_form.hpp"

namespace {

std::string payload_of(const std::vector<knowhow::TermWeight>& terms) {
    std::string payload(knowhow::encoded_size(terms), '\0');
    knowhow::encode(terms, payload.data());
    return payload;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string payload;
    try {
        const knowhow::ParsedText parsed({reinterpret_cast<const char*>(data), size});
        payload = payload_of(parsed.terms());
    } catch (const knowhow::Error&) {
        return 0;
    }
    // From here on nothing may fail.
    const knowhow::VectorView view(payload.data(), payload.size());
    std::string text(knowhow::text_bound(view), '\0');
    text.resize(static_cast<std::size_t>(knowhow::print_text(view, text.data()) - text.data()));
    const knowhow::ParsedText again(text);
    if (payload_of(again.terms()) != payload) {
        std::abort();
    }
    return 0;
}
