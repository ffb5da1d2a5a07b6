// Files that are optionally encrypted with a passphrase.
//
// An encrypted file consists of the line "facebus sealed 1", a salt of 16 bytes, a header of 24
// bytes, and encrypted chunks. A chunk contains 65,536 bytes of plaintext (the last one may contain
// fewer); encryption adds 17 bytes to each. The cipher is libsodium's secretstream
// (XChaCha20-Poly1305). The key is derived from the passphrase by Argon2id with libsodium's
// MODERATE limits. Decryption fails if any chunk was modified, moved or removed, even the last one.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus::crypto {

/// Writer of a file that is encrypted if there is a passphrase, and that only its owner can read.
/// Until commit(), an existing target file is unchanged. Errors: those of FileWriter. Not
/// thread-safe.
class SealedWriter {
  public:
    /// Opens a temporary file. With an empty passphrase, the file is not encrypted. Errors: those
    /// of FileWriter; unavailable if the key cannot be derived or no random numbers are available.
    static Result<SealedWriter> create(const std::filesystem::path& file,
                                       const std::string& passphrase);
    ~SealedWriter();
    SealedWriter(SealedWriter&&) noexcept;

    Result<void> write(std::string_view bytes);
    /// Writes the bytes that are still buffered, and renames the temporary file to the target.
    Result<void> commit();

  private:
    struct Impl;
    explicit SealedWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Line-by-line reader of a file that SealedWriter wrote. Not thread-safe.
class SealedReader {
  public:
    /// Length up to which every line can be read. Longer lines may be rejected. Lines of more than
    /// twice this length are always rejected.
    static constexpr std::size_t max_line_bytes = 65'536;

    /// Opens the file. `passphrase` has no effect if the file is not encrypted. Errors: unavailable
    /// (the file is unreadable, or the key cannot be derived), malformed (the file is truncated),
    /// refused (the file is encrypted, but the passphrase is empty).
    static Result<SealedReader> open(const std::filesystem::path& file,
                                     const std::string& passphrase);
    ~SealedReader();
    SealedReader(SealedReader&&) noexcept;

    /// Returns the next line without the line end, or nothing at the end of the file. Errors:
    /// unavailable (the file is unreadable), refused (wrong passphrase, or a chunk was modified or
    /// truncated), malformed (the last chunks or the last line end are missing), too_large (the
    /// line is longer than max_line_bytes).
    Result<std::optional<std::string>> line();
    /// Returns whether the file is encrypted.
    [[nodiscard]] bool sealed() const;

  private:
    struct Impl;
    explicit SealedReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::crypto
