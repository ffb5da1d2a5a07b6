#include "gateway/fault.hpp"

#include <utility>

#include "json.hpp"

namespace facebus::gateway {

std::unexpected<Fault> refuse(int status, int code, std::string message) {
    return std::unexpected(Fault{status, code, std::move(message)});
}

Fault to_fault(const Error& error, int code) {
    switch (error.kind) {
        case ErrorKind::unavailable:
            return {503, 503, error.message + "; try again"};
        case ErrorKind::too_large:
            return {413, 413, error.message};
        case ErrorKind::malformed:
        case ErrorKind::unsupported:
        case ErrorKind::refused:
        case ErrorKind::exists:
            break;
    }
    return {400, code, error.message};
}

http::Response to_answer(const Fault& fault) {
    http::Response answer{.status = fault.status,
                          .body = dump({{"message", fault.message}, {"code", fault.code}})};
    if (fault.status == 401) answer.headers["WWW-Authenticate"] = "x-api-key";
    if (fault.status == 429 || fault.status == 503) answer.headers["Retry-After"] = "1";
    return answer;
}

Fault http_fault(int status) {
    switch (status) {
        case 404:
            return {status, status, "path not found; GET /openapi.json lists all paths"};
        case 405:
            return {status, status,
                    "method not allowed; GET /openapi.json lists the methods of each path"};
        case 411:
            return {status, status,
                    "the length is missing; send the body with Content-Length, not chunked"};
        case 413:
            return {status, status, "the body is too large"};
        case 414:
            return {status, status, "the URL is too long"};
        case 415:
            return {status, status, "send the body uncompressed, without Content-Encoding"};
        case 500:
            return {status, status, "internal error; see the gateway's log"};
        default:
            return {status, status, "malformed HTTP request"};
    }
}

}  // namespace facebus::gateway
