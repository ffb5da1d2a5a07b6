#include "gallery/digest.hpp"

#include <array>

#include <fmt/format.h>
#include <sodium.h>

namespace facebus::gallery {

std::string sha256(std::string_view text) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
    const void* bytes = text.data();
    crypto_hash_sha256(hash.data(), static_cast<const unsigned char*>(bytes), text.size());
    std::string hex;
    for (const unsigned char byte : hash) hex += fmt::format("{:02x}", byte);
    return hex;
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace facebus::gallery
