// Turns an Error into the end of a command.
#pragma once

#include <type_traits>
#include <utility>

#include "base/error.hpp"

namespace facebus::cli {

/// Returns the value. Throws FatalError with the error's message and exit code if there is none.
template <class T>
T must(Result<T> result) {
    if (!result) throw FatalError(exit_code(result.error()), result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace facebus::cli
