// JSON, written piece by piece into a string.
#pragma once

#include <string>
#include <string_view>

namespace knowhow::json {

// The shortest digits that give the same number back.
void append_number(std::string& json, double value);

// A null where the text has no data. The text is valid in the database encoding, all of which keep
// ASCII bytes to ASCII characters on the server side.
void append_string(std::string& json, std::string_view text);

// Writes `"key":` with a comma where it is not the first; the value is then appended.
class Object {
  public:
    explicit Object(std::string& json) : json_(json) { json_ += '{'; }
    ~Object() { json_ += '}'; }
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
    std::string& key(std::string_view name);

  private:
    std::string& json_;
    bool first_ = true;
};

// The same for the elements of an array.
class Array {
  public:
    explicit Array(std::string& json) : json_(json) { json_ += '['; }
    ~Array() { json_ += ']'; }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;
    std::string& next();

  private:
    std::string& json_;
    bool first_ = true;
};

}  // namespace knowhow::json
