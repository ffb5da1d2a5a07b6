#include "gallery/id.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <system_error>

#include <fmt/format.h>
#include <sys/random.h>

namespace facebus::gallery {
namespace {

bool is_uint64(std::string_view text) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stop == end;
}

}  // namespace

std::string new_id() {
    std::array<std::uint64_t, 2> bits{};
    // Once the kernel's random generator is initialised, getrandom() fulfils every request of up to
    // 256 bytes completely, so this needs no loop.
    if (getrandom(bits.data(), sizeof bits, 0) != sizeof bits) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    return fmt::format("{:016x}{:016x}", bits[0], bits[1]);
}

bool valid_id(std::string_view text) {
    return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

std::string to_uuid(std::string_view id) {
    return fmt::format("{}-{}-{}-{}-{}", id.substr(0, 8), id.substr(8, 4), id.substr(12, 4),
                       id.substr(16, 4), id.substr(20));
}

std::string from_uuid(std::string_view uuid) {
    constexpr std::size_t length = 36;
    for (const std::size_t position : {8U, 13U, 18U, 23U}) {
        if (uuid.size() != length || uuid[position] != '-') return std::string(uuid);
    }
    std::string id;
    for (const char c : uuid) {
        if (c == '-') continue;
        id += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return id;
}

PackedId pack_id(std::string_view id) {
    assert(valid_id(id));
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    PackedId packed{};
    for (std::size_t i = 0; i < packed.size(); ++i) {
        packed[i] = static_cast<std::uint8_t>(16 * digit(id[2 * i]) + digit(id[2 * i + 1]));
    }
    return packed;
}

std::string unpack_id(const PackedId& id) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * id.size());
    for (const unsigned byte : id) {
        text += digits[byte / 16];
        text += digits[byte % 16];
    }
    return text;
}

bool valid_stream_id(std::string_view text) {
    const auto dash = text.find('-');
    return dash != std::string_view::npos && is_uint64(text.substr(0, dash)) &&
           is_uint64(text.substr(dash + 1));
}

std::pair<std::uint64_t, std::uint64_t> parse_stream_id(std::string_view id) {
    std::pair<std::uint64_t, std::uint64_t> parsed;
    const auto dash = id.find('-');
    std::from_chars(id.data(), id.data() + dash, parsed.first);
    std::from_chars(id.data() + dash + 1, id.data() + id.size(), parsed.second);
    return parsed;
}

}  // namespace facebus::gallery
