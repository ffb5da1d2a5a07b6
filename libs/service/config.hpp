// Reads the configuration from facebus.yaml and environment variables.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/option.hpp"

namespace facebus::service {

/// Returns the environment variable that overrides the key `path`: FACEBUS_BROKER_QUEUE for
/// "broker.queue".
std::string variable_name(std::string_view path);

/// One key of facebus.yaml, bound to the option that it sets.
struct Key {
    std::string path;           ///< full name, such as "broker.queue"
    std::string help;           ///< description for users
    std::string default_value;  ///< the default, as text
    /// Parses and stores a value. If the value is invalid, throws `std::invalid_argument` with a
    /// message that describes the problem.
    std::function<void(const std::string& text)> parse;

    /// Returns the name of the environment variable that overrides the key.
    [[nodiscard]] std::string variable() const;
};

/// Returns a key that stores its value in `target`. The default is the current value of `target`.
/// For Range and Choices see base/option.hpp.
Key make_key(std::string path, std::string& target, std::string help);
Key make_key(std::string path, bool& target, std::string help);
Key make_key(std::string path, int& target, Range range, std::string help);
Key make_key(std::string path, float& target, Range range, std::string help);
Key make_key(std::string path, double& target, Range range, std::string help);
/// Returns a key that accepts one of `words` and passes the index of the word to `choose`. The
/// default is words[default_index].
Key make_choice(std::string path, std::vector<std::string> words, std::size_t default_index,
                std::function<void(std::size_t)> choose, std::string help);

template <class Value>
Key make_key(std::string path, Value& target, const Choices<Value>& choices, std::string help) {
    std::vector<std::string> words;
    std::size_t default_index = 0;
    for (const auto& [word, value] : choices.words) {
        if (value == target) default_index = words.size();
        words.push_back(word);
    }
    return make_choice(
        std::move(path), std::move(words), default_index,
        [&target, choices](std::size_t index) { target = choices.words[index].second; },
        std::move(help));
}

/// Returns the keys that the struct `options` declares. They are prefixed with `path` and store
/// their values in `options`.
template <class Options>
std::vector<Key> keys_of(const std::string& path, Options& options) {
    std::vector<Key> keys;
    Options::keys(options, [&](const std::string& name, auto& target, const auto&... declared) {
        keys.push_back(make_key(path.empty() ? name : path + "." + name, target, declared...));
    });
    return keys;
}

/// Section whose entries are named by the user and all have the same keys: `cameras`, `webhooks`.
struct Group {
    std::string path;                 ///< name of the section
    std::string help;                 ///< description for users
    std::vector<std::string> fields;  ///< keys of an entry, without the name of section and entry
    /// Returns the keys of the entry `name`. Creates the entry if necessary. Throws
    /// `std::invalid_argument` if the name is invalid.
    std::function<std::vector<Key>(const std::string& name)> keys;
    std::string example;  ///< name of the entry in default_yaml()
};

/// Throws `std::invalid_argument` if `name` is not a valid name for an entry of the group `path`.
void check_name(const std::string& path, const std::string& name);

/// Returns a group that stores its entries in `members`. `example` is the name of the entry in
/// default_yaml().
template <class Options>
Group group_of(const std::string& path, const std::string& help,
               std::map<std::string, Options>& members, const std::string& example) {
    Group group{.path = path,
                .help = help,
                .fields = {},
                .keys =
                    [path, &members](const std::string& name) {
                        check_name(path, name);
                        return keys_of(path + "." + name, members[name]);
                    },
                .example = example};
    Options defaults;
    for (const auto& key : keys_of("", defaults)) group.fields.push_back(key.path);
    return group;
}

/// Environment variables: values by name.
using Environment = std::map<std::string, std::string>;
/// Returns the environment variables of the process.
Environment process_environment();

/// Reads the YAML `text`, then the variables that begin with FACEBUS_, which override the text.
/// `name` is the file name for error messages. Throws `FatalError` (config) if the YAML is
/// malformed, a key occurs twice, a key or variable is unknown, or a value is invalid. The message
/// names the variable, or the file and line. If an unknown key or variable resembles a known name,
/// the message suggests that name.
void read_config(const std::string& text, const std::string& name, const Environment& environment,
                 const std::vector<Key>& keys, const std::vector<Group>& groups);

/// Returns a facebus.yaml with every key, its default, and its help text as a comment. Contains one
/// example entry per group.
std::string default_yaml(const std::vector<Key>& keys, const std::vector<Group>& groups);

}  // namespace facebus::service
