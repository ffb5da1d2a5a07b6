// Files that may be encrypted with a passphrase.
//
// An encrypted file is the line "facebus sealed 1", 16 bytes of salt, 24 bytes of header, and
// chunks of 65,536 bytes (the last one shorter) with 17 bytes more each: libsodium's secretstream
// (XChaCha20-Poly1305), with the key from the passphrase by Argon2id at libsodium's MODERATE
// limits. A chunk that was changed, moved or left out, also at the end, does not decrypt.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus::crypto {

/// Writes a file that only its owner may read. It is there whole after commit(), or not at all.
/// Errors as FileWriter. Not thread-safe.
class SealedWriter {
  public:
    /// An empty passphrase: not encrypted.
    static Result<SealedWriter> create(const std::filesystem::path& file,
                                       const std::string& passphrase);
    ~SealedWriter();
    SealedWriter(SealedWriter&&) noexcept;

    Result<void> write(std::string_view bytes);
    Result<void> commit();

  private:
    struct Impl;
    explicit SealedWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Reads what SealedWriter wrote, line by line. Not thread-safe.
class SealedReader {
  public:
    static constexpr std::size_t longest_line = 65'536;

    /// Errors: unavailable (can't be read), refused (encrypted, and the passphrase is empty).
    static Result<SealedReader> open(const std::filesystem::path& file,
                                     const std::string& passphrase);
    ~SealedReader();
    SealedReader(SealedReader&&) noexcept;

    /// The next line without its end; nothing at the end of the file. Errors: refused (another
    /// passphrase, or the file was changed), malformed (cut off), too_large (longest_line).
    Result<std::optional<std::string>> line();

  private:
    struct Impl;
    explicit SealedReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::crypto
