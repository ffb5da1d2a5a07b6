// Configuration files: keys with a type, a default and a sentence of documentation each.
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

/// One key that may stand in facebus.yaml and in the environment.
struct Key {
    std::string path;  ///< as in "broker.queue"
    std::string help;
    std::string initial;  ///< the default, as text
    /// Stores a value, or throws std::invalid_argument with what is wrong with it.
    std::function<void(const std::string& text)> parse;

    [[nodiscard]] std::string variable() const;
};

/// The keys of the kinds of values that base/option.hpp knows.
Key make_key(std::string path, std::string& target, std::string help);
Key make_key(std::string path, bool& target, std::string help);
Key make_key(std::string path, int& target, Range range, std::string help);
Key make_key(std::string path, float& target, Range range, std::string help);
Key make_key(std::string path, double& target, Range range, std::string help);
/// `choose` gets the place in `words` of the word that was set.
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
        [&target, choices](std::size_t place) { target = choices.words[place].second; },
        std::move(help));
}

/// The keys that a struct of options declares, below `path`, bound to `options`.
template <class Options>
std::vector<Key> keys_of(const std::string& path, Options& options) {
    std::vector<Key> keys;
    Options::keys(options, [&](const std::string& name, auto& target, const auto&... declared) {
        keys.push_back(make_key(path.empty() ? name : path + "." + name, target, declared...));
    });
    return keys;
}

/// A mapping from names that the user chooses to blocks of keys: `cameras`.
struct Group {
    std::string path;
    std::string help;
    std::vector<std::string> fields;  ///< the last words of those keys
    /// The keys of the block called `name`, made on first sight of it. Throws std::invalid_argument
    /// if the name can't be one.
    std::function<std::vector<Key>(const std::string& name)> keys;
    std::string example;  ///< a name, for documented()
};

/// Throws std::invalid_argument if `name` can't stand in the group `path`.
void check_name(const std::string& path, const std::string& name);

/// The group of `members`, each of which is a struct of options.
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

/// The environment, as a function so that tests can give their own.
using Environment = std::map<std::string, std::string>;
Environment process_environment();

/// Reads the YAML `text` (of the file `name`, for messages), then the FACEBUS_ variables. Throws
/// StartupError (config) that names file and line, or the variable, for an unknown key (with the
/// nearest known one), an unknown variable (likewise), a bad value, or broken YAML.
void read_config(const std::string& text, const std::string& name, const Environment& environment,
                 const std::vector<Key>& keys, const std::vector<Group>& groups);

/// A commented facebus.yaml with every key at its default.
std::string documented(const std::vector<Key>& keys, const std::vector<Group>& groups);

}  // namespace facebus::service
