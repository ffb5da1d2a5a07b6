#include "base/base64.hpp"

#include <cstddef>
#include <cstdint>

namespace facebus {
namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t group = 3;  // bytes that four digits hold

}  // namespace

std::string base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + group - 1) / group * 4);
    for (std::size_t i = 0; i < bytes.size(); i += group) {
        const auto part = bytes.substr(i, group);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < group; ++k) {
            bits = bits << 8U | (k < part.size() ? static_cast<unsigned char>(part[k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            text += k <= part.size() ? digits[bits >> (18U - 6U * k) & 63U] : '=';
        }
    }
    return text;
}

}  // namespace facebus
