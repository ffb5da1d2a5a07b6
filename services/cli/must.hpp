// For commands: an Error that ends them.
#pragma once

#include <type_traits>
#include <utility>

#include "base/error.hpp"

namespace facebus::cli {

/// The value, or else a StartupError with the error's message and exit code.
template <class T>
T must(Result<T> result) {
    if (!result) throw StartupError(exit_code(result.error()), result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace facebus::cli
