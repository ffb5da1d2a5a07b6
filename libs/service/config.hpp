// Configuration files: keys with a type, a default and a sentence of documentation each.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

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

Key text_key(std::string path, std::string help, std::string& target);
Key int_key(std::string path, std::string help, int& target, int lowest, int highest);
Key number_key(std::string path, std::string help, double& target, double lowest, double highest);
Key switch_key(std::string path, std::string help, bool& target);
Key choice_key(std::string path, std::string help, std::string& target,
               std::vector<std::string> choices);

/// A mapping from names that the user chooses to blocks of keys: `cameras`.
struct Group {
    std::string path;
    std::string help;
    std::vector<std::string> fields;  ///< the last words of those keys
    /// The keys of the block called `name`, made on first sight of it. Throws std::invalid_argument
    /// if the name can't be one.
    std::function<std::vector<Key>(const std::string& name)> keys;
    std::string example = "door";  ///< a name, for documented()
};

/// The environment, as a function so that tests can give their own.
using Environment = std::map<std::string, std::string>;
Environment process_environment();

/// Reads the YAML `text` (of the file `name`, for messages), then the FACEBUS_ variables. Throws
/// StartupError (config) that names file and line, or the variable, for an unknown key (with the
/// nearest known one), a bad value, or broken YAML.
void read_config(const std::string& text, const std::string& name, const Environment& environment,
                 const std::vector<Key>& keys, const std::vector<Group>& groups);

/// A commented facebus.yaml with every key at its default.
std::string documented(const std::vector<Key>& keys, const std::vector<Group>& groups);

}  // namespace facebus::service
