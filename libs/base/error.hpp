// Error types and exit codes.
//
// If a problem must end the program, the function that finds it throws a FatalError. main() catches
// the error, prints its message on one line and exits with its code.
//
// An operation whose failure need not end the program, such as decoding one bus message, returns
// Result<T>. The caller decides what to do: a service counts and logs the error and continues; a
// command-line program can exit with exit_code(error).
//
// Assertions are for programming errors, never for input.
#pragma once

#include <expected>
#include <stdexcept>
#include <string>
#include <string_view>

namespace facebus {

/// Category of an Error, and the label `kind` of the metric facebus_errors_total.
enum class ErrorKind {
    malformed,    ///< the input cannot be decoded
    unsupported,  ///< the input is well-formed, but this version does not support it
    too_large,    ///< the input exceeds a limit
    refused,      ///< the input is valid, but is rejected; the error message states why
    exists,       ///< the object to create already exists
    unavailable,  ///< a dependency (Redis, a camera, a file) is unavailable
};

/// Returns the name of the enumerator.
std::string_view to_string(ErrorKind kind);

/// Failure of one operation.
struct Error {
    ErrorKind kind{};
    std::string message;  ///< for the user, one line: the problem and, if possible, the remedy
};

/// Value of type T, or an Error.
template <class T>
using Result = std::expected<T, Error>;

/// Returns an Error in a form that converts to any Result<T>: `return fail(kind, message);`
inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
    return std::unexpected(Error{kind, std::move(message)});
}

/// Exit codes of all facebus programs. They follow sysexits.h, except `interrupted`, which is
/// 128 + SIGINT as in a shell.
enum class Exit : int {
    ok = 0,
    usage = 64,         ///< invalid arguments
    input = 65,         ///< unusable input, such as an image without a face
    unavailable = 69,   ///< a dependency is unavailable: model, camera, Redis, port
    software = 70,      ///< a bug
    interrupted = 130,  ///< stopped by Ctrl-C or SIGTERM before the work was complete
    config = 78,        ///< invalid facebus.yaml or environment variable
};

/// Returns the code of a program that exits because of this error.
Exit exit_code(const Error& error);

/// Error that prevents the program from starting or continuing. what() is the one-line message for
/// the user.
class FatalError : public std::runtime_error {
  public:
    FatalError(Exit code, const std::string& message) : std::runtime_error(message), code_(code) {}
    [[nodiscard]] Exit code() const { return code_; }

  private:
    Exit code_;
};

}  // namespace facebus
