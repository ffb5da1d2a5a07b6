// Errors of the REST API, as clients see them.
#pragma once

#include <expected>
#include <string>

#include "base/error.hpp"
#include "http/server.hpp"

namespace facebus::gateway {

/// Values of `code` that CompreFace defines. For other errors `code` is the HTTP status.
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

struct Fault {
    int status = 400;
    int code = 0;
    std::string message;  ///< what is wrong and how to fix it
};

/// Result of handling a request.
template <class T>
using Answered = std::expected<T, Fault>;

/// Returns a Fault as the error of an Answered.
std::unexpected<Fault> refuse(int status, int code, std::string message);

/// Maps an Error to a Fault: `unavailable` to 503, `too_large` to 413, all others to 400 with
/// `code`.
Fault to_fault(const Error& error, int code = fault_code::bad_value);

/// Returns the response {"message": ..., "code": ...}.
http::Response to_answer(const Fault& fault);
/// Returns the Fault of a request that failed before it reached a route: wrong path or method, or
/// invalid HTTP.
Fault http_fault(int status);

}  // namespace facebus::gateway
