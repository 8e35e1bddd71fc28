#include "engine/rank/json.hpp"

#include <charconv>
#include <system_error>

namespace knowhow::json {

void append_number(std::string& json, double value) {
    char buffer[32];
    auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
    json.append(buffer, error == std::errc{} ? end : buffer);
}

void append_string(std::string& json, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    if (text.data() == nullptr) {
        json += "null";
        return;
    }
    json += '"';
    for (char c : text) {
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            json += "\\u00";
            json += kHex[static_cast<unsigned char>(c) >> 4];
            json += kHex[static_cast<unsigned char>(c) & 15];
        } else {
            json += c;
        }
    }
    json += '"';
}

std::string& Object::key(std::string_view name) {
    if (!first_) {
        json_ += ',';
    }
    first_ = false;
    append_string(json_, name);
    json_ += ':';
    return json_;
}

std::string& Array::next() {
    if (!first_) {
        json_ += ',';
    }
    first_ = false;
    return json_;
}

}  // namespace knowhow::json
