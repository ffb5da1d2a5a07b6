#include "crypto/sealed_file.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <vector>

#include <fmt/format.h>
#include <sodium.h>

#include "base/file.hpp"

namespace facebus::crypto {
namespace {

constexpr std::string_view magic = "facebus sealed 1\n";
constexpr std::size_t chunk_bytes = 65'536;
constexpr std::size_t encrypted_chunk_bytes =
    chunk_bytes + crypto_secretstream_xchacha20poly1305_ABYTES;

using Stream = crypto_secretstream_xchacha20poly1305_state;
using Salt = std::array<unsigned char, crypto_pwhash_SALTBYTES>;
using Header = std::array<unsigned char, crypto_secretstream_xchacha20poly1305_HEADERBYTES>;

/// Encryption key. The destructor erases it from memory.
struct Key {
    std::array<unsigned char, crypto_secretstream_xchacha20poly1305_KEYBYTES> bytes{};
    Key() = default;
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
    ~Key() { sodium_memzero(bytes.data(), bytes.size()); }

    /// Derives the key from the passphrase. Slow and memory-intensive on purpose, to impede
    /// guessing of passphrases.
    Result<void> derive(const std::string& passphrase, const Salt& salt) {
        if (crypto_pwhash(bytes.data(), bytes.size(), passphrase.data(), passphrase.size(),
                          salt.data(), crypto_pwhash_OPSLIMIT_MODERATE,
                          crypto_pwhash_MEMLIMIT_MODERATE, crypto_pwhash_ALG_ARGON2ID13) == 0) {
            return {};
        }
        return fail(
            ErrorKind::unavailable,
            "deriving the key from the passphrase requires 256 MiB of memory; free some memory and "
            "try again");
    }
};

const unsigned char* raw(std::string_view text) {
    const void* bytes = text.data();
    return static_cast<const unsigned char*>(bytes);
}

std::string_view text(const void* bytes, std::size_t size) {
    return {static_cast<const char*>(bytes), size};
}

/// Initialises libsodium; may be called repeatedly.
Result<void> initialise() {
    if (sodium_init() >= 0) return {};
    return fail(ErrorKind::unavailable, "the random number generator of the system is unavailable");
}

}  // namespace

struct SealedWriter::Impl {
    FileWriter file;
    bool sealed = false;
    Stream stream{};
    std::string waiting;  ///< bytes that are not encrypted yet

    /// Encrypts one chunk and writes it.
    Result<void> seal(std::string_view bytes, unsigned char tag) {
        std::array<unsigned char, encrypted_chunk_bytes> out{};
        unsigned long long size = 0;
        crypto_secretstream_xchacha20poly1305_push(&stream, out.data(), &size, raw(bytes),
                                                   bytes.size(), nullptr, 0, tag);
        return file.write(text(out.data(), size));
    }
};

SealedWriter::SealedWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SealedWriter::~SealedWriter() = default;
SealedWriter::SealedWriter(SealedWriter&&) noexcept = default;

Result<SealedWriter> SealedWriter::create(const std::filesystem::path& file,
                                          const std::string& passphrase) {
    auto writer = FileWriter::create(file, FileWriter::Readers::owner);
    if (!writer) return std::unexpected(std::move(writer.error()));
    auto impl = std::make_unique<Impl>(std::move(*writer));
    if (passphrase.empty()) return SealedWriter(std::move(impl));

    impl->sealed = true;
    if (auto ready = initialise(); !ready) return std::unexpected(std::move(ready.error()));
    Salt salt{};
    randombytes_buf(salt.data(), salt.size());
    Key key;
    if (auto derived = key.derive(passphrase, salt); !derived) {
        return std::unexpected(std::move(derived.error()));
    }
    Header header{};
    crypto_secretstream_xchacha20poly1305_init_push(&impl->stream, header.data(), key.bytes.data());
    for (const auto part :
         {magic, text(salt.data(), salt.size()), text(header.data(), header.size())}) {
        if (auto written = impl->file.write(part); !written) {
            return std::unexpected(std::move(written.error()));
        }
    }
    return SealedWriter(std::move(impl));
}

Result<void> SealedWriter::write(std::string_view bytes) {
    if (!impl_->sealed) return impl_->file.write(bytes);
    impl_->waiting += bytes;
    std::string_view left = impl_->waiting;
    // Keep up to one chunk until commit(), because the last chunk of the file has a different tag.
    while (left.size() > chunk_bytes) {
        if (auto written = impl_->seal(left.substr(0, chunk_bytes), 0); !written) return written;
        left.remove_prefix(chunk_bytes);
    }
    impl_->waiting.erase(0, impl_->waiting.size() - left.size());
    return {};
}

Result<void> SealedWriter::commit() {
    if (impl_->sealed) {
        auto written = impl_->seal(impl_->waiting, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
        if (!written) return written;
    }
    return impl_->file.commit();
}

struct SealedReader::Impl {
    std::string name;
    std::ifstream in;
    bool sealed = false;
    bool at_end = false;  ///< `waiting` contains the last bytes of the file
    Stream stream{};
    std::string waiting;       ///< plaintext; line() has returned the part before `position`
    std::size_t position = 0;  ///< position of the next line in `waiting`

    /// Reads `size` bytes, or fewer at the end of the file.
    std::string read(std::size_t size) {
        std::string bytes(size, '\0');
        in.read(bytes.data(), static_cast<std::streamsize>(size));
        bytes.resize(static_cast<std::size_t>(in.gcount()));
        return bytes;
    }

    /// Reads the salt and the header, and starts decryption.
    Result<void> unseal(const std::string& passphrase) {
        if (passphrase.empty()) {
            return fail(
                ErrorKind::refused,
                fmt::format("{} is encrypted; pass its passphrase (--passphrase FILE, or the form "
                            "part `passphrase`)",
                            name));
        }
        if (auto ready = initialise(); !ready) return ready;
        Salt salt{};
        Header header{};
        const auto salt_bytes = read(salt.size());
        const auto header_bytes = read(header.size());
        if (header_bytes.size() != header.size()) return truncated();
        std::copy_n(raw(salt_bytes), salt.size(), salt.begin());
        std::copy_n(raw(header_bytes), header.size(), header.begin());
        Key key;
        if (auto derived = key.derive(passphrase, salt); !derived) return derived;
        if (crypto_secretstream_xchacha20poly1305_init_pull(&stream, header.data(),
                                                            key.bytes.data()) != 0) {
            return modified();
        }
        sealed = true;
        return {};
    }

    /// Appends the next chunk to `waiting`. Sets `at_end` at the end of the file.
    Result<void> fill() {
        waiting.erase(0, position);
        position = 0;
        if (!sealed) {
            const auto bytes = read(chunk_bytes);
            if (in.bad()) return unreadable();
            at_end = bytes.empty();
            waiting += bytes;
            return {};
        }
        const auto bytes = read(encrypted_chunk_bytes);
        if (in.bad()) return unreadable();
        if (bytes.size() < crypto_secretstream_xchacha20poly1305_ABYTES) return truncated();
        std::array<unsigned char, chunk_bytes> out{};
        unsigned long long size = 0;
        unsigned char tag = 0;
        if (crypto_secretstream_xchacha20poly1305_pull(&stream, out.data(), &size, &tag, raw(bytes),
                                                       bytes.size(), nullptr, 0) != 0) {
            return modified();
        }
        waiting += text(out.data(), size);
        // Only the tag of the final chunk proves that no chunk is missing at the end.
        at_end = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
        return {};
    }

    [[nodiscard]] Result<void> unreadable() const {
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot read {}; check its name and permissions", name));
    }
    [[nodiscard]] Result<void> truncated() const {
        return fail(ErrorKind::malformed, fmt::format("{} is truncated", name));
    }
    [[nodiscard]] Result<void> modified() const {
        return fail(
            ErrorKind::refused,
            fmt::format("{}: wrong passphrase, or the file was modified or truncated", name));
    }
};

SealedReader::SealedReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SealedReader::~SealedReader() = default;
SealedReader::SealedReader(SealedReader&&) noexcept = default;

Result<SealedReader> SealedReader::open(const std::filesystem::path& file,
                                        const std::string& passphrase) {
    auto impl = std::make_unique<Impl>();
    impl->name = file.string();
    impl->in.open(file, std::ios::binary);
    if (impl->in) impl->waiting = impl->read(magic.size());
    if (!impl->in.is_open() || impl->in.bad()) {
        return std::unexpected(impl->unreadable().error());
    }
    if (impl->waiting == magic) {
        impl->waiting.clear();
        if (auto unsealed = impl->unseal(passphrase); !unsealed) {
            return std::unexpected(std::move(unsealed.error()));
        }
    }
    return SealedReader(std::move(impl));
}

bool SealedReader::sealed() const {
    return impl_->sealed;
}

Result<std::optional<std::string>> SealedReader::line() {
    auto& state = *impl_;
    while (true) {
        const auto end = state.waiting.find('\n', state.position);
        if (end != std::string::npos) {
            auto line = state.waiting.substr(state.position, end - state.position);
            state.position = end + 1;
            return line;
        }
        if (state.at_end) {
            if (state.position == state.waiting.size()) return std::nullopt;
            return fail(ErrorKind::malformed, fmt::format("{} is truncated", state.name));
        }
        if (state.waiting.size() - state.position > max_line_bytes) {
            return fail(ErrorKind::too_large, fmt::format("{} has a line longer than {} bytes",
                                                          state.name, max_line_bytes));
        }
        if (auto filled = state.fill(); !filled) {
            return std::unexpected(std::move(filled.error()));
        }
    }
}

}  // namespace facebus::crypto
