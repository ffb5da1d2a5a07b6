// Ends a command if one of its operations fails.
#pragma once

#include <type_traits>
#include <utility>

#include "base/error.hpp"

namespace facebus::cli {

/// Returns the value of `result`. If `result` is an error, throws FatalError with its message and
/// exit code.
template <class T>
T must(Result<T> result) {
    if (!result) throw FatalError(exit_code(result.error()), result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace facebus::cli
