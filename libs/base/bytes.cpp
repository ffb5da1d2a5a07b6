#include "base/bytes.hpp"

#include <cassert>
#include <cstring>

namespace facebus {

Bytes Bytes::take(std::vector<std::byte> bytes) {
    auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    const auto* data = owner->data();
    const auto size = owner->size();
    return {std::move(owner), data, size};
}

Bytes Bytes::copy(const void* data, std::size_t size) {
    std::vector<std::byte> bytes(size);
    if (size > 0) std::memcpy(bytes.data(), data, size);
    return take(std::move(bytes));
}

std::string_view Bytes::text() const {
    const void* raw = data_;
    return {static_cast<const char*>(raw), size_};
}

Bytes Bytes::slice(std::size_t offset, std::size_t size) const {
    assert(offset + size <= size_);
    return {owner_, data_ + offset, size};
}

}  // namespace facebus
