#include "service/config.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <numeric>
#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include "wire/codec.hpp"

namespace facebus::service {
namespace {

// FACEBUS_ variables that are not keys, but are read by programs, scripts, compose.yaml or tests.
// tests/process/test_architecture.py verifies that the list is complete.
constexpr std::array other_variables{
    "FACEBUS_API_PORT",      "FACEBUS_BENCH_VERBOSE",   "FACEBUS_BIN",
    "FACEBUS_BUILD_NETWORK", "FACEBUS_CONFIG",          "FACEBUS_DATA",
    "FACEBUS_FAULT_REPORT",  "FACEBUS_IMAGE",           "FACEBUS_MTCNN_WHEEL",
    "FACEBUS_PEER_PYTHON",   "FACEBUS_PROMETHEUS_PORT", "FACEBUS_REQUIRE_ALL",
    "FACEBUS_RESULTS_PORT",  "FACEBUS_SECRETS",         "FACEBUS_TEST_CACHE",
    "FACEBUS_TEST_MARK",     "FACEBUS_TEST_IMAGES",     "FACEBUS_TESTS",
    "FACEBUS_WRITE_GOLDEN"};

template <class Number>
Key number_key(std::string path, Number& target, Range range, std::string help, const char* type) {
    return {std::move(path), std::move(help), fmt::to_string(target),
            [&target, range, type](const std::string& text) {
                const auto lowest = static_cast<Number>(range.lowest);
                const auto highest = static_cast<Number>(range.highest);
                Number value{};
                const auto* end = text.data() + text.size();
                const auto [rest, error] = std::from_chars(text.data(), end, value);
                if (error != std::errc{} || rest != end || !(value >= lowest && value <= highest)) {
                    throw std::invalid_argument(
                        fmt::format("\"{}\" is not {} from {} to {}", text, type, lowest, highest));
                }
                target = value;
            }};
}

/// Returns the Levenshtein distance between two strings.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Current row of the dynamic programming table: row[j] is the distance between the first i
    // characters of `a` and the first j characters of `b`.
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

/// Returns "BROKER_QUEUE" for "broker.queue".
std::string upper_case(std::string_view path) {
    std::string name;
    for (const char c : path) {
        name += std::isalnum(static_cast<unsigned char>(c)) != 0
                    ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                    : '_';
    }
    return name;
}

/// Reader of one file and the environment. Stores each value in the option that its key sets.
class Reader {
  public:
    Reader(std::string file, const std::vector<Key>& keys, const std::vector<Group>& groups)
        : file_(std::move(file)), groups_(groups) {
        for (const auto& key : keys) keys_.emplace(key.path, key);
    }

    void file(const YAML::Node& root) {
        if (root.IsNull()) return;
        if (!root.IsMap()) fail_at(root, "the file must be a mapping of keys to values");
        walk(root, "");
    }

    void environment(const Environment& environment) {
        for (const auto& [name, value] : environment) {
            if (name.starts_with("FACEBUS_")) override_with(name, value);
        }
    }

  private:
    [[noreturn]] void fail_at(const YAML::Node& node, const std::string& message) const {
        throw FatalError(Exit::config,
                         fmt::format("{}:{}: {}", file_, node.Mark().line + 1, message));
    }

    /// Reads all keys of a mapping. `prefix` is the path of the mapping.
    void walk(const YAML::Node& map, const std::string& prefix) {
        std::set<std::string> seen;
        for (const auto& entry : map) {
            const auto& node = entry.first;
            if (!node.IsScalar()) fail_at(node, "a key must be a word, not a list or mapping");
            const std::string path = prefix.empty() ? node.Scalar() : prefix + "." + node.Scalar();
            if (!seen.insert(path).second) fail_at(node, fmt::format("duplicate key {}", path));
            visit(path, node, entry.second);
        }
    }

    /// Stores the value if `path` is a key. Reads the nested keys if it is a section or a group.
    void visit(const std::string& path, const YAML::Node& name, const YAML::Node& value) {
        if (const auto key = keys_.find(path); key != keys_.end()) {
            if (!value.IsScalar())
                fail_at(name,
                        fmt::format("{} requires a single value, not a list or mapping", path));
            try {
                key->second.parse(value.Scalar());
            } catch (const std::invalid_argument& error) {
                fail_at(value, fmt::format("{}: {}", path, error.what()));
            }
            return;
        }
        const auto group = std::ranges::find(groups_, path, &Group::path);
        const bool section = std::ranges::any_of(
            keys_, [&](const auto& key) { return key.first.starts_with(path + "."); });
        if (group == groups_.end() && !section) {
            fail_at(name, fmt::format("unknown key {}{}", path,
                                      suggestion(path, paths(),
                                                 "; `facebus check --defaults` lists all keys")));
        }
        if (value.IsNull()) return;
        if (!value.IsMap())
            fail_at(name, fmt::format("{} is a section; write its keys below it, indented", path));
        if (group != groups_.end()) {
            for (const auto& entry : value) {
                add_entry(*group, entry.first.Scalar(), entry.first);
            }
        }
        walk(value, path);
    }

    /// Adds the keys of an entry of a group.
    void add_entry(const Group& group, const std::string& name, const YAML::Node& node) {
        try {
            for (auto& key : group.keys(name)) keys_.insert_or_assign(key.path, key);
        } catch (const std::invalid_argument& error) {
            fail_at(node, fmt::format("{}: {}", group.path, error.what()));
        }
    }

    void override_with(const std::string& variable, const std::string& value) {
        try {
            // FACEBUS_CAMERAS_DOOR_SOURCE adds the camera "door" if it is not in the file.
            for (const auto& group : groups_) {
                if (is_key(variable)) break;
                const auto name = entry_name(group, variable);
                if (name.empty()) continue;
                for (auto& key : group.keys(name)) keys_.insert_or_assign(key.path, key);
            }
            for (const auto& [path, key] : keys_) {
                if (key.variable() != variable) continue;
                key.parse(value);
                return;
            }
        } catch (const std::invalid_argument& error) {
            throw FatalError(Exit::config,
                             fmt::format("environment: {}: {}", variable, error.what()));
        }
        if (std::ranges::find(other_variables, variable) != other_variables.end()) return;
        throw FatalError(Exit::config,
                         fmt::format("environment: unknown variable {}{}", variable,
                                     suggestion(variable, variables_like(variable),
                                                "; unset it, or write FACEBUS_ and a key of "
                                                "`facebus check --defaults` in upper case, with _ "
                                                "for each dot")));
    }

    /// Returns the valid names that the user may have meant by `variable`: other_variables, the
    /// variables of all keys and, if `variable` begins like an entry of a group, the variables of
    /// that entry.
    [[nodiscard]] std::vector<std::string> variables_like(const std::string& variable) const {
        std::vector<std::string> names(other_variables.begin(), other_variables.end());
        for (const auto& [path, key] : keys_) names.push_back(key.variable());
        for (const auto& group : groups_) {
            const auto prefix = variable_name(group.path) + "_";
            const auto end = variable.find('_', prefix.size());
            if (!variable.starts_with(prefix) || end == std::string::npos) continue;
            for (const auto& field : group.fields) {
                names.push_back(variable.substr(0, end + 1) + upper_case(field));
            }
        }
        return names;
    }

    /// Returns "door" for FACEBUS_CAMERAS_DOOR_FRAME_RATE, or an empty string if `variable` does
    /// not belong to the group.
    static std::string entry_name(const Group& group, const std::string& variable) {
        const auto prefix = variable_name(group.path) + "_";
        if (!variable.starts_with(prefix)) return {};
        for (const auto& field : group.fields) {
            const auto suffix = "_" + upper_case(field);
            if (!variable.ends_with(suffix) || variable.size() <= prefix.size() + suffix.size()) {
                continue;
            }
            auto name =
                variable.substr(prefix.size(), variable.size() - prefix.size() - suffix.size());
            std::ranges::transform(name, name.begin(), [](char c) {
                return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            });
            return name;
        }
        return {};
    }

    /// Returns whether a key has this variable.
    [[nodiscard]] bool is_key(const std::string& variable) const {
        return std::ranges::any_of(
            keys_, [&](const auto& key) { return key.second.variable() == variable; });
    }

    /// Returns the paths of all keys, sections and groups.
    [[nodiscard]] std::vector<std::string> paths() const {
        std::vector<std::string> paths;
        for (const auto& [path, key] : keys_) {
            paths.push_back(path);
            paths.push_back(path.substr(0, path.find('.')));
        }
        for (const auto& group : groups_) paths.push_back(group.path);
        return paths;
    }

    /// Returns the end of an error message about the unknown `name`: a question that suggests the
    /// most similar known name, or `otherwise` if no known name is similar.
    static std::string suggestion(const std::string& name, const std::vector<std::string>& known,
                                  const std::string& otherwise) {
        constexpr std::size_t too_far = 4;  // a typo differs by fewer edits than this
        const auto distance = [&](const auto& each) { return edit_distance(name, each); };
        const auto nearest = std::ranges::min_element(known, {}, distance);
        return distance(*nearest) < too_far ? fmt::format("; did you mean {}?", *nearest)
                                            : otherwise;
    }

    std::string file_;
    const std::vector<Group>& groups_;
    std::map<std::string, Key> keys_;
};

/// Appends keys with their defaults, and their help texts as comments. `depth` is the number of
/// leading path components to omit.
void append_yaml(std::string& out, const std::vector<Key>& keys, const std::string& indent,
                 std::size_t depth) {
    std::string section;
    for (const auto& key : keys) {
        std::string name = key.path;
        for (std::size_t i = 0; i < depth; ++i) name = name.substr(name.find('.') + 1);
        std::string pad = indent;
        if (const auto dot = name.find('.'); dot != std::string::npos) {
            const auto head = name.substr(0, dot);
            if (head != section) out += fmt::format("\n{}{}:\n", indent, head);
            section = head;
            name = name.substr(dot + 1);
            pad += "  ";
        }
        out += fmt::format("{}# {}\n{}{}: {}\n", pad, key.help, pad, name,
                           key.default_value.empty() ? "\"\"" : key.default_value);
    }
}

}  // namespace

std::string variable_name(std::string_view path) {
    return "FACEBUS_" + upper_case(path);
}

std::string Key::variable() const {
    return variable_name(path);
}

Key make_key(std::string path, std::string& target, std::string help) {
    return {std::move(path), std::move(help), target,
            [&target](const std::string& text) { target = text; }};
}

Key make_key(std::string path, bool& target, std::string help) {
    return {
        std::move(path), std::move(help), target ? "true" : "false",
        [&target](const std::string& text) {
            if (text != "true" && text != "false") {
                throw std::invalid_argument(fmt::format("\"{}\" is not one of true, false", text));
            }
            target = text == "true";
        }};
}

Key make_key(std::string path, int& target, Range range, std::string help) {
    return number_key(std::move(path), target, range, std::move(help), "an integer");
}

Key make_key(std::string path, float& target, Range range, std::string help) {
    return number_key(std::move(path), target, range, std::move(help), "a number");
}

Key make_key(std::string path, double& target, Range range, std::string help) {
    return number_key(std::move(path), target, range, std::move(help), "a number");
}

Key make_choice(std::string path, std::vector<std::string> words, std::size_t default_index,
                std::function<void(std::size_t)> choose, std::string help) {
    help += fmt::format(" ({})", fmt::join(words, ", "));
    return {std::move(path), std::move(help), words[default_index],
            [words, choose = std::move(choose)](const std::string& text) {
                const auto word = std::ranges::find(words, text);
                if (word == words.end()) {
                    throw std::invalid_argument(
                        fmt::format("\"{}\" is not one of {}", text, fmt::join(words, ", ")));
                }
                choose(static_cast<std::size_t>(word - words.begin()));
            }};
}

void check_name(const std::string& path, const std::string& name) {
    if (wire::valid_source(name)) return;
    const auto singular = path.substr(0, path.size() - 1);  // "camera" for "cameras"
    throw std::invalid_argument(fmt::format(
        "\"{}\" is not a valid {} name; use 1 to 64 letters, digits, '_' or '-'", name, singular));
}

Environment process_environment() {
    Environment variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return variables;
}

void read_config(const std::string& text, const std::string& name, const Environment& environment,
                 const std::vector<Key>& keys, const std::vector<Group>& groups) {
    Reader reader(name, keys, groups);
    try {
        reader.file(YAML::Load(text));
    } catch (const YAML::Exception& error) {
        throw FatalError(Exit::config,
                         fmt::format("{}:{}: {}", name, error.mark.line + 1, error.msg));
    }
    reader.environment(environment);
}

std::string default_yaml(const std::vector<Key>& keys, const std::vector<Group>& groups) {
    std::string out =
        "# facebus.yaml: every key with its default. Environment variables override the file.\n"
        "# For example, FACEBUS_BROKER_QUEUE sets broker.queue, and FACEBUS_CAMERAS_DOOR_SOURCE\n"
        "# sets cameras.door.source.\n\n";
    for (const auto& group : groups) {
        out += fmt::format("# {}\n{}:\n  {}:\n", group.help, group.path, group.example);
        append_yaml(out, group.keys(group.example), "    ", 2);
    }
    out += '\n';
    append_yaml(out, keys, "", 0);
    return out;
}

}  // namespace facebus::service
