// A read-only buffer that knows who keeps it alive.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace facebus {

/// Immutable bytes, shared and never copied: pixels travel from decoder to socket, and from socket
/// to network, in the memory they were first written to. Copies of a Bytes share that memory.
/// Thread-safe for reading.
class Bytes {
  public:
    Bytes() = default;
    /// Views `size` bytes at `data`, which stay valid as long as `owner` lives.
    Bytes(std::shared_ptr<const void> owner, const void* data, std::size_t size)
        : owner_(std::move(owner)), data_(static_cast<const std::byte*>(data)), size_(size) {}

    static Bytes take(std::vector<std::byte> bytes);
    static Bytes copy(const void* data, std::size_t size);

    [[nodiscard]] const std::byte* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::span<const std::byte> span() const { return {data_, size_}; }
    [[nodiscard]] std::string_view text() const;

    /// The part from `offset` on, sharing this buffer. Precondition: offset + size <= this->size().
    [[nodiscard]] Bytes slice(std::size_t offset, std::size_t size) const;

  private:
    std::shared_ptr<const void> owner_;
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace facebus
