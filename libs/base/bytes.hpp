// Read-only buffer with shared ownership.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace facebus {

/// Immutable bytes with shared ownership. Copies of a Bytes object share its memory. Thread-safe
/// for concurrent reads.
class Bytes {
  public:
    Bytes() = default;
    /// Refers to `size` bytes at `data`. Requires: the bytes stay valid while `owner` exists.
    Bytes(std::shared_ptr<const void> owner, const void* data, std::size_t size)
        : owner_(std::move(owner)), data_(static_cast<const std::byte*>(data)), size_(size) {}

    /// Returns an object that takes ownership of the vector.
    static Bytes take(std::vector<std::byte> bytes);
    /// Returns an object that owns a copy of `size` bytes at `data`.
    static Bytes copy(const void* data, std::size_t size);

    [[nodiscard]] const std::byte* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::span<const std::byte> span() const { return {data_, size_}; }
    /// Returns a view of the bytes as characters.
    [[nodiscard]] std::string_view text() const;

    /// Returns the `size` bytes that start at `offset`. The result shares the memory.
    /// Requires: offset + size <= this->size().
    [[nodiscard]] Bytes slice(std::size_t offset, std::size_t size) const;

  private:
    std::shared_ptr<const void> owner_;
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace facebus
