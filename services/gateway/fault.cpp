#include "gateway/fault.hpp"

#include <utility>

#include "json.hpp"

namespace facebus::gateway {

std::unexpected<Fault> http_error(int status, int code, std::string message) {
    return std::unexpected(Fault{status, code, std::move(message)});
}

Fault to_fault(const Error& error, int code) {
    switch (error.kind) {
        case ErrorKind::unavailable:
            // By convention, a remedy follows a semicolon. Add one if the message has none.
            return {503, 503, error.message + (error.message.contains("; ") ? "" : "; try again")};
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

http::Response to_response(const Fault& fault) {
    http::Response response{.status = fault.status,
                            .body = dump({{"message", fault.message}, {"code", fault.code}})};
    if (fault.status == 401) response.headers["WWW-Authenticate"] = "x-api-key";
    if (fault.status == 429 || fault.status == 503) response.headers["Retry-After"] = "1";
    return response;
}

Fault fault_of_status(int status) {
    switch (status) {
        case 404:
            return {status, status, "path not found; GET /openapi.json lists all paths"};
        case 405:
            return {status, status,
                    "method not allowed; GET /openapi.json lists the methods of each path"};
        case 411:
            return {status, status,
                    "the length of the body is unknown; send the header Content-Length"};
        case 413:
            return {status, status,
                    "the body is too large; the limits are gateway.max_upload for images and "
                    "gateway.max_import for an imported gallery"};
        case 414:
            return {status, status, "the URL is too long; the limit is 8192 bytes"};
        case 415:
            return {status, status,
                    "compressed bodies are not supported; send the body without Content-Encoding"};
        case 500:
            return {status, status, "internal error; see the gateway's log"};
        default:
            return {status, status,
                    "the gateway cannot process this HTTP request; check the request line, the "
                    "headers and the length of the body, or try again later"};
    }
}

}  // namespace facebus::gateway
