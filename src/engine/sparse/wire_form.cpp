#include "engine/sparse/wire_form.hpp"

#include <bit>
#include <cmath>
#include <string>

#include "engine/base/error.hpp"

namespace knowhow {
namespace {

constexpr std::size_t kHeadBytes = 4;
constexpr std::size_t kTermBytes = 4 + 4;  // weight and length; at least one byte follows

std::uint32_t read_uint32(const unsigned char* at) noexcept {
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
           std::uint32_t{at[3]};
}

[[noreturn]] void invalid(std::string detail) {
    throw Error(ErrorCode::kInvalidText, "invalid binary value of type tfidf", {},
                std::move(detail));
}

}  // namespace

std::vector<TermWeight> decode_wire(const void* message, std::size_t bytes) {
    if (bytes < kHeadBytes) {
        invalid("The number of terms is missing.");
    }
    const unsigned char* at = static_cast<const unsigned char*>(message);
    const unsigned char* const end = at + bytes;
    const std::uint32_t count = read_uint32(at);
    at += kHeadBytes;
    // Before anything is allocated for that many: the number may lie.
    if (count > (bytes - kHeadBytes) / (kTermBytes + 1)) {
        invalid("It is too short for " + std::to_string(count) + " terms.");
    }
    std::vector<TermWeight> terms;
    terms.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (static_cast<std::size_t>(end - at) < kTermBytes) {
            invalid("It ends inside term " + std::to_string(i + 1) + ".");
        }
        const float weight = std::bit_cast<float>(read_uint32(at));
        const std::uint32_t length = read_uint32(at + 4);
        at += kTermBytes;
        if (length > static_cast<std::size_t>(end - at)) {
            invalid("The lexeme of term " + std::to_string(i + 1) + " is said to have " +
                    std::to_string(length) + " bytes, and " + std::to_string(end - at) +
                    " are left.");
        }
        if (length == 0) {
            invalid("The lexeme of term " + std::to_string(i + 1) + " is empty.");
        }
        if (!std::isfinite(weight)) {
            invalid("The weight of term " + std::to_string(i + 1) + " is not finite.");
        }
        terms.push_back({{reinterpret_cast<const char*>(at), length}, weight});
        at += length;
    }
    if (at != end) {
        invalid(std::to_string(end - at) + " bytes follow the last term.");
    }
    return terms;
}

}  // namespace knowhow
