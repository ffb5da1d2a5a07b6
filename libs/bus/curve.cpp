#include "bus/curve.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <ranges>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zmq.h>

#include "base/file.hpp"
#include "wire/codec.hpp"

namespace facebus::bus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t key_characters = 40;
// Long enough for the names of 1,000 cameras with 15 characters each. Limits how much is read if a
// setting names another file by mistake.
constexpr std::size_t max_file_bytes = std::size_t{16} * 1024;
constexpr std::string_view cameras_prefix = "cameras ";

using Z85 = std::array<char, key_characters + 1>;

/// Returns whether ZeroMQ accepts the key: 40 characters that decode to 32 bytes.
bool valid_key(const std::string& key) {
    std::array<std::uint8_t, 32> bytes{};
    return key.size() == key_characters && zmq_z85_decode(bytes.data(), key.c_str()) != nullptr;
}

std::string_view without_line_end(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

/// Reads a key file.
Result<std::string> read_small(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text(max_file_bytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad() || (text.empty() && !in.eof())) {
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot read {}; check its name and permissions", file.string()));
    }
    if (text.size() > max_file_bytes) {
        return fail(ErrorKind::malformed,
                    fmt::format("{} has more than {} bytes, so it is not a key file; use a file "
                                "that `facebus keygen` created",
                                file.string(), max_file_bytes));
    }
    return text;
}

}  // namespace

KeyPair make_key_pair() {
    Z85 public_key{};
    Z85 secret_key{};
    if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
        throw FatalError(Exit::unavailable,
                         "libzmq was built without CURVE; install a build that supports it");
    }
    return {public_key.data(), secret_key.data()};
}

bool valid_role(std::string_view role) {
    return std::ranges::find(key_roles, role) != std::end(key_roles);
}

bool valid_camera_pattern(std::string_view text) {
    std::string name(text);
    std::ranges::replace(name, '*', '-');
    return wire::valid_source(name);
}

Result<std::vector<std::string>> parse_cameras(std::string_view text) {
    std::vector<std::string> cameras;
    for (const auto part : std::views::split(text, ',')) {
        cameras.emplace_back(part.begin(), part.end());
    }
    // An empty list must not mean all cameras.
    if (cameras.empty() || !std::ranges::all_of(cameras, valid_camera_pattern)) {
        return fail(ErrorKind::malformed,
                    "cameras must be names of 1 to 64 letters, digits, '_', '-' or '*', separated "
                    "by commas");
    }
    return cameras;
}

std::string format(const PublicKey& key) {
    auto text = fmt::format("{} {} {}\n", key.role, key.key, key.name);
    if (!key.cameras.empty()) {
        text += fmt::format("{}{}\n", cameras_prefix, fmt::join(key.cameras, ","));
    }
    return text;
}

Result<PublicKey> parse_public_key(std::string_view text) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = without_line_end(text.substr(0, end));
    const auto first = line.find(' ');
    const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) {
        return fail(ErrorKind::malformed,
                    "the first line of a public key file must be: ROLE KEY NAME");
    }
    PublicKey key{std::string(line.substr(0, first)),
                  std::string(line.substr(first + 1, second - first - 1)),
                  std::string(line.substr(second + 1))};
    if (!valid_role(key.role)) {
        return fail(ErrorKind::malformed, "the role must be broker, edge, worker or subscriber");
    }
    if (!valid_key(key.key)) return fail(ErrorKind::malformed, "the key is not 40 Z85 characters");
    if (!wire::valid_source(key.name)) {
        return fail(ErrorKind::malformed, "the name must be 1 to 64 letters, digits, '_' or '-'");
    }
    if (text.size() - end <= 1) return key;
    const auto second_line = without_line_end(text.substr(end + 1));
    if (!second_line.starts_with(cameras_prefix)) {
        return fail(ErrorKind::malformed, "the second line must be: cameras NAME,NAME,...");
    }
    auto cameras = parse_cameras(second_line.substr(cameras_prefix.size()));
    if (!cameras) return std::unexpected(std::move(cameras.error()));
    if (key.role != "edge") {
        return fail(ErrorKind::malformed, "only the key of an edge can have a list of cameras");
    }
    key.cameras = std::move(*cameras);
    return key;
}

Result<PublicKey> read_public_key(const fs::path& file) {
    const auto text = read_small(file);
    if (!text) return std::unexpected(text.error());
    auto key = parse_public_key(*text);
    if (!key) {
        return fail(key.error().kind,
                    fmt::format("{}: {}; copy the .pub file that `facebus keygen` created",
                                file.string(), key.error().message));
    }
    return key;
}

Result<KeyPair> read_secret_key(const fs::path& file) {
    const auto text = read_small(file);
    if (!text) return std::unexpected(text.error());
    std::error_code failed;
    const auto permissions = fs::status(file, failed).permissions();
    if (failed) {
        return fail(ErrorKind::unavailable, fmt::format("cannot read the permissions of {}: {}",
                                                        file.string(), failed.message()));
    }
    if ((permissions & fs::perms::others_read) != fs::perms::none) {
        return fail(ErrorKind::refused,
                    fmt::format("every user on this machine can read {0}; run chmod o-rwx {0}",
                                file.string()));
    }
    constexpr std::string_view prefix = "secret ";
    const auto line = without_line_end(*text);
    KeyPair keys;
    if (line.starts_with(prefix)) keys.secret_key = line.substr(prefix.size());
    Z85 public_key{};
    if (!valid_key(keys.secret_key) ||
        zmq_curve_public(public_key.data(), keys.secret_key.c_str()) != 0) {
        return fail(
            ErrorKind::malformed,
            fmt::format("{} does not contain a secret key; use a .key file of `facebus keygen`",
                        file.string()));
    }
    keys.public_key = public_key.data();
    return keys;
}

Result<void> write_key_pair(const fs::path& folder, const std::string& role,
                            const std::string& name, const KeyPair& keys,
                            const std::vector<std::string>& cameras) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) {
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot create {}: {}", folder.string(), failed.message()));
    }
    const auto secret_file = folder / (name + ".key");
    const auto public_file = folder / (name + ".pub");
    for (const auto& file : {secret_file, public_file}) {
        if (!fs::exists(file, failed)) continue;
        return fail(
            ErrorKind::exists,
            fmt::format("{} already exists; choose another name, or remove the file first if "
                        "the key is not in use",
                        file.string()));
    }
    auto written = write_private_file(secret_file, fmt::format("secret {}\n", keys.secret_key));
    if (!written) return written;
    return write_file(public_file, format({role, keys.public_key, name, cameras}));
}

}  // namespace facebus::bus
