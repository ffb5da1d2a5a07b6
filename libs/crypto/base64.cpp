#include "crypto/base64.hpp"

#include <sodium.h>

namespace facebus::crypto {

constexpr int variant = sodium_base64_VARIANT_ORIGINAL;

std::string base64(std::string_view bytes) {
    std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
    const void* raw = bytes.data();
    sodium_bin2base64(text.data(), text.size(), static_cast<const unsigned char*>(raw),
                      bytes.size(), variant);
    text.pop_back();  // the terminating null character of sodium_bin2base64()
    return text;
}

std::optional<std::string> from_base64(std::string_view text, std::size_t limit) {
    std::string bytes(limit, '\0');
    std::size_t size = 0;
    void* raw = bytes.data();
    if (sodium_base642bin(static_cast<unsigned char*>(raw), bytes.size(), text.data(), text.size(),
                          nullptr, &size, nullptr, variant) != 0) {
        return std::nullopt;
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace facebus::crypto
