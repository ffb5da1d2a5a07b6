// Enums whose values have names outside the program: in messages, JSON, settings and metrics.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace facebus::wire {

/// Enum with the values 0, 1, 2, … The function enum_names(E) in the namespace of the enum returns
/// an array of their names, in the order of the values.
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires { enum_names(E{}); };

/// Returns the name of the value.
template <NamedEnum E>
constexpr std::string_view to_string(E value) {
    return enum_names(value)[static_cast<std::size_t>(value)];
}

/// Returns the value with the name `name`, or nothing.
template <NamedEnum E>
constexpr std::optional<E> from_string(std::string_view name) {
    const auto names = enum_names(E{});
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return static_cast<E>(found - names.begin());
}

/// Returns all values in ascending order.
template <NamedEnum E>
constexpr auto enum_values() {
    std::array<E, enum_names(E{}).size()> values{};
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<E>(i);
    return values;
}

}  // namespace facebus::wire
