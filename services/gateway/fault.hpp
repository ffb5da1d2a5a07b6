// Errors that the REST API returns to clients.
#pragma once

#include <expected>
#include <string>

#include "base/error.hpp"
#include "http/server.hpp"

namespace facebus::gateway {

/// Error codes of CompreFace, for Fault::code.
namespace fault_code {
inline constexpr int unknown_key = 10;
inline constexpr int no_such_image = 11;
inline constexpr int bad_prediction_count = 12;
inline constexpr int missing_header = 20;
inline constexpr int bad_image = 21;
inline constexpr int bad_value = 26;
inline constexpr int no_face = 28;
inline constexpr int several_faces = 31;
inline constexpr int missing_parameter = 33;
inline constexpr int missing_part = 34;
inline constexpr int bad_argument = 36;
inline constexpr int no_such_subject = 42;
inline constexpr int subject_exists = 43;
}  // namespace fault_code

/// Error that the client receives as an HTTP response.
struct Fault {
    int status = 400;     ///< HTTP status
    int code = 0;         ///< a value of fault_code, or the HTTP status if none applies
    std::string message;  ///< what is wrong and how to fix it
};

/// A value, or the error to send to the client.
template <class T>
using HttpResult = std::expected<T, Fault>;

/// Returns a Fault from a function whose return type is an HttpResult.
std::unexpected<Fault> http_error(int status, int code, std::string message);

/// Converts an Error to a Fault. Status and code are 503 for `unavailable` and 413 for `too_large`.
/// For all other kinds, the status is 400 and the code is `code`. Adds "; try again" to the message
/// of an `unavailable` error that does not state a remedy after a semicolon.
Fault to_fault(const Error& error, int code = fault_code::bad_value);

/// Returns the response with the body {"message": ..., "code": ...}.
http::Response to_response(const Fault& fault);
/// Returns the Fault for an HTTP status of at least 400. Used if a handler throws (status 500), and
/// if a request reaches no handler, for example because it has no route or is not valid HTTP.
Fault fault_of_status(int status);

}  // namespace facebus::gateway
