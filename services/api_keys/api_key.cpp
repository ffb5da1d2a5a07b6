#include "api_keys/api_key.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "base/file.hpp"
#include "crypto/digest.hpp"
#include "gallery/id.hpp"
#include "wire/codec.hpp"

namespace facebus::api_keys {
namespace {

namespace fs = std::filesystem;

constexpr std::array roles{Role::read, Role::enrol, Role::admin};
constexpr std::size_t hash_digits = 64;
constexpr std::size_t max_file_bytes = 1'000'000;

bool valid_hash(std::string_view text) {
    return text.size() == hash_digits && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

Result<Key> parse_line(const std::string& line) {
    std::istringstream words(line);
    std::string role;
    Key key;
    std::string more;
    words >> role >> key.hash >> key.name;
    if (words >> more || !valid_hash(key.hash) || !wire::valid_source(key.name)) {
        return fail(ErrorKind::malformed,
                    "expected ROLE HASH NAME, as written by `facebus api-key`");
    }
    const auto parsed = parse_role(role);
    if (!parsed) return std::unexpected(parsed.error());
    key.role = *parsed;
    return key;
}

Result<std::string> read_text(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::error_code failed;
    const auto status = fs::status(file, failed);
    if (!in || failed || fs::is_directory(status)) {
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot read {}; check that it is a file and that this user may "
                                "read it",
                                file.string()));
    }
    std::string text(max_file_bytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad()) {
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot read {}; check its disk or network share", file.string()));
    }
    if (text.size() > max_file_bytes) {
        return fail(ErrorKind::malformed,
                    fmt::format("{} is too large to be a file of API keys; the limit is {} bytes",
                                file.string(), max_file_bytes));
    }
    if ((status.permissions() & fs::perms::others_write) != fs::perms::none) {
        return fail(ErrorKind::refused,
                    fmt::format("every user on this machine can write to {0}; run chmod o-w {0}",
                                file.string()));
    }
    return text;
}

}  // namespace

std::string_view to_string(Role role) {
    if (role == Role::read) return "read";
    return role == Role::enrol ? "enrol" : "admin";
}

Result<Role> parse_role(std::string_view text) {
    const auto found = std::ranges::find(roles, text, [](Role role) { return to_string(role); });
    if (found != roles.end()) return *found;
    return fail(ErrorKind::malformed, "the role must be read, enrol or admin");
}

std::string new_key() {
    return gallery::to_uuid(gallery::new_id());
}

Key hash_key(Role role, std::string_view key, std::string name) {
    return {role, crypto::sha256(key), std::move(name)};
}

KeyFile parse(std::string_view text) {
    std::istringstream lines{std::string(text)};
    KeyFile content;
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        if (line.find_first_not_of(" \t\r") == std::string::npos || line.starts_with('#')) continue;
        auto key = parse_line(line);
        if (key) {
            content.keys.push_back(std::move(*key));
        } else if (!content.problem) {
            content.problem =
                Error{key.error().kind, fmt::format("line {}: {}", number, key.error().message)};
        }
    }
    return content;
}

Result<KeyFile> read(const fs::path& file) {
    const auto text = read_text(file);
    if (!text) return std::unexpected(text.error());
    auto content = parse(*text);
    if (content.problem) {
        content.problem->message = fmt::format("{}: {}", file.string(), content.problem->message);
    }
    return content;
}

Result<void> add(const fs::path& file, const Key& key) {
    std::string text;
    std::error_code failed;
    if (fs::exists(file, failed)) {
        const auto content = read(file);
        if (!content) return std::unexpected(content.error());
        if (content->problem) return std::unexpected(*content->problem);
        if (std::ranges::find(content->keys, key.name, &Key::name) != content->keys.end()) {
            return fail(ErrorKind::exists,
                        fmt::format("{} already has a key called {}; choose another name, or "
                                    "remove its line first",
                                    file.string(), key.name));
        }
        auto before = read_text(file);
        if (!before) return std::unexpected(before.error());
        text = std::move(*before);
        if (!text.empty() && !text.ends_with('\n')) text += '\n';
    }
    text += fmt::format("{} {} {}\n", to_string(key.role), key.hash, key.name);
    return write_private_file(file, text);
}

std::size_t find(const std::vector<Key>& keys, std::string_view key) {
    const auto hash = crypto::sha256(key);
    std::size_t found = keys.size();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (crypto::secrets_equal(keys[i].hash, hash)) found = i;
    }
    return found;
}

}  // namespace facebus::api_keys
