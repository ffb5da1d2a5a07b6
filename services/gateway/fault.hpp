// Why a request is refused, as the client gets it.
#pragma once

#include <expected>
#include <string>

#include "base/error.hpp"
#include "http/server.hpp"

namespace facebus::gateway {

/// The numbers that CompreFace gives in `code`; what it has no number for has the HTTP status.
namespace fault_code {
inline constexpr int unknown_key = 10;
inline constexpr int no_such_image = 11;
inline constexpr int bad_prediction_count = 12;
inline constexpr int missing_header = 20;
inline constexpr int bad_picture = 21;
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
    std::string message;  ///< what is wrong, and what to do
};

template <class T>
using Answered = std::expected<T, Fault>;

/// The way to return a Fault from a function that gives an Answered.
std::unexpected<Fault> refuse(int status, int code, std::string message);

/// What an Error means to a client: unavailable is 503, too_large 413, all else 400 with `code`.
Fault to_fault(const Error& error, int code = fault_code::bad_value);

/// {"message": ..., "code": ...}
http::Response to_answer(const Fault& fault);
/// What is answered to a request that is no good as HTTP.
Fault http_fault(int status);

}  // namespace facebus::gateway
