// Configuration file and environment: keys with type, default and documentation.
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

/// Returns the environment variable that overrides a key: FACEBUS_BROKER_QUEUE for "broker.queue".
std::string variable_name(std::string_view path);

/// One key of facebus.yaml, bound to the option that it sets.
struct Key {
    std::string path;  ///< such as "broker.queue"
    std::string help;
    std::string initial;  ///< the default, as text
    /// Parses and stores a value. Throws `std::invalid_argument` with the problem if it is invalid.
    std::function<void(const std::string& text)> parse;

    /// Returns the name of the environment variable.
    [[nodiscard]] std::string variable() const;
};

/// Returns a key bound to `target`, whose current value is the default. See base/option.hpp.
Key make_key(std::string path, std::string& target, std::string help);
Key make_key(std::string path, bool& target, std::string help);
Key make_key(std::string path, int& target, Range range, std::string help);
Key make_key(std::string path, float& target, Range range, std::string help);
Key make_key(std::string path, double& target, Range range, std::string help);
/// Returns a key that accepts one of `words` and passes its index to `choose`.
Key make_choice(std::string path, std::vector<std::string> words, std::size_t initial,
                std::function<void(std::size_t)> choose, std::string help);

template <class Value>
Key make_key(std::string path, Value& target, const Choices<Value>& choices, std::string help) {
    std::vector<std::string> words;
    std::size_t initial = 0;
    for (const auto& [word, value] : choices.words) {
        if (value == target) initial = words.size();
        words.push_back(word);
    }
    return make_choice(
        std::move(path), std::move(words), initial,
        [&target, choices](std::size_t index) { target = choices.words[index].second; },
        std::move(help));
}

/// Returns the keys that a struct of options declares, prefixed with `path` and bound to `options`.
template <class Options>
std::vector<Key> keys_of(const std::string& path, Options& options) {
    std::vector<Key> keys;
    Options::keys(options, [&](const std::string& name, auto& target, const auto&... declared) {
        keys.push_back(make_key(path.empty() ? name : path + "." + name, target, declared...));
    });
    return keys;
}

/// Section with entries that the user names, each with the same keys: `cameras` and `webhooks`.
struct Group {
    std::string path;
    std::string help;
    std::vector<std::string> fields;  ///< keys of an entry, without path and name
    /// Returns the keys of the entry `name`, which is created if necessary. Throws
    /// `std::invalid_argument` if the name is invalid.
    std::function<std::vector<Key>(const std::string& name)> keys;
    std::string example;  ///< name of the entry in default_yaml()
};

/// Throws `std::invalid_argument` if `name` is not a valid name in the group `path`.
void check_name(const std::string& path, const std::string& name);

/// Returns a group that stores its entries in `members`.
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

/// Environment variables by name; tests pass their own.
using Environment = std::map<std::string, std::string>;
/// Returns the environment of the process.
Environment process_environment();

/// Reads the YAML `text`, then the FACEBUS_ variables, which override it. `name` is the file name
/// for errors. Throws `FatalError` (config), naming file and line or the variable, if a key or
/// variable is unknown (with the most similar known one), a value is invalid, or the YAML is
/// malformed.
void read_config(const std::string& text, const std::string& name, const Environment& environment,
                 const std::vector<Key>& keys, const std::vector<Group>& groups);

/// Returns a commented facebus.yaml with every key at its default.
std::string default_yaml(const std::vector<Key>& keys, const std::vector<Group>& groups);

}  // namespace facebus::service
