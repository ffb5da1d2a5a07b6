// How facebus reports what went wrong.
//
// Start-up problems throw a StartupError: main catches it once, prints its one line and exits with
// its code. Everything that can fail per message returns Result<T>; the caller counts and logs it
// and goes on. Assertions are for programmer errors, never for input.
#pragma once

#include <expected>
#include <stdexcept>
#include <string>
#include <string_view>

namespace facebus {

/// What kind of failure an Error is; it is also the `kind` label of the error counters.
enum class ErrorKind {
    malformed,    ///< input that does not decode
    unsupported,  ///< well-formed input that this version can't handle
    too_large,    ///< input above a stated limit
    refused,      ///< input that was understood and turned down, for the reason in the message
    exists,       ///< nothing to do: what was asked for is there already
    unavailable,  ///< something outside (Redis, a camera, a file) does not answer
};

std::string_view to_string(ErrorKind kind);

struct Error {
    ErrorKind kind{};
    std::string message;  ///< one sentence for a person: what is wrong and, if possible, what to do
};

template <class T>
using Result = std::expected<T, Error>;

/// The way to return an Error from a function that gives a Result.
inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
    return std::unexpected(Error{kind, std::move(message)});
}

/// Exit codes of every facebus program, after sysexits.h.
enum class Exit : int {
    ok = 0,
    usage = 64,         ///< a wrong flag or argument
    input = 65,         ///< input data that can't be used, such as a picture with no face
    unavailable = 69,   ///< a dependency is missing: model, camera, Redis, port
    software = 70,      ///< a bug
    interrupted = 130,  ///< Ctrl-C before there was a result
    config = 78,        ///< facebus.yaml or an environment override is wrong
};

/// The exit code of a program that an error ends.
Exit exit_code(const Error& error);

/// A program can't start, or can't go on. `what()` is the one line the user reads.
class StartupError : public std::runtime_error {
  public:
    StartupError(Exit code, const std::string& message)
        : std::runtime_error(message), code_(code) {}
    [[nodiscard]] Exit code() const { return code_; }

  private:
    Exit code_;
};

}  // namespace facebus
