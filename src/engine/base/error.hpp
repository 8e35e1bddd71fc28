// The errors that engine code throws. The server border turns each into an SQLSTATE.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace knowhow {

enum class ErrorCode {
    kInvalidArgument,   // 22023: a value outside its range
    kInvalidText,       // 22P02: text (or binary input) that cannot be parsed
    kNumericOutOfRange, // 22003: a number that its type cannot hold
    kLimitExceeded,     // 54000: a documented limit of the implementation
    kOutOfMemory,       // 53200: the memory budget, or the system, has no more
    kCanceled,          // 57014: the monitor asked to stop
    kDataCorrupted,     // XX001: stored bytes that no correct writer produces
};

// An error that a user can act on: what is wrong (with the offending value), and the way out.
class Error : public std::exception {
  public:
    Error(ErrorCode code, std::string message, std::string hint = {}, std::string detail = {})
        : code_(code),
          message_(std::move(message)),
          hint_(std::move(hint)),
          detail_(std::move(detail)) {}

    ErrorCode code() const noexcept { return code_; }
    const char* what() const noexcept override { return message_.c_str(); }
    const std::string& hint() const noexcept { return hint_; }
    const std::string& detail() const noexcept { return detail_; }

  private:
    ErrorCode code_;
    std::string message_;
    std::string hint_;
    std::string detail_;
};

}  // namespace knowhow
