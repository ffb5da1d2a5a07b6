#include "base/error.hpp"

namespace facebus {

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::malformed:
            return "malformed";
        case ErrorKind::unsupported:
            return "unsupported";
        case ErrorKind::too_large:
            return "too_large";
        case ErrorKind::refused:
            return "refused";
        case ErrorKind::exists:
            return "exists";
        case ErrorKind::unavailable:
            return "unavailable";
    }
    return "invalid";
}

Exit exit_code(const Error& error) {
    return error.kind == ErrorKind::unavailable ? Exit::unavailable : Exit::input;
}

}  // namespace facebus
