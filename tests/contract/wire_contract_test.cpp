// Tests that the JSON schemas, the stored encodings (golden bytes) and the structs describe the
// same messages.
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "support/example_messages.hpp"
#include "support/source.hpp"
#include "wire/codec.hpp"

using namespace facebus;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path schemas = test::source() / "schemas";

std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    BOOST_REQUIRE_MESSAGE(in, file << " is missing");
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Returns the golden bytes of a message. If FACEBUS_WRITE_GOLDEN is set and the file is missing,
/// because the message is new, creates it from `encoded`. Never changes an existing file.
std::string golden(const std::string& name, const std::string& encoded) {
    const auto file = schemas / "golden/v1" / (name + ".msgpack");
    if (!fs::exists(file) && std::getenv("FACEBUS_WRITE_GOLDEN") != nullptr) {
        fs::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << encoded;
    }
    return read(file);
}

/// Returns the keys of a JSON object.
std::set<std::string> keys(const json& object) {
    std::set<std::string> all;
    for (const auto& [key, value] : object.items()) all.insert(key);
    return all;
}

/// Returns the schema, or the definition in common.json to which it refers.
const json& resolve(const json& schema, const json& common) {
    if (!schema.contains("$ref")) return schema;
    const auto ref = schema["$ref"].get<std::string>();
    return common["$defs"][ref.substr(ref.rfind('/') + 1)];
}

/// Returns the JSON schema type of a value.
std::string type_of(const json& value) {
    if (value.is_boolean()) return "boolean";
    if (value.is_number_integer()) return "integer";
    if (value.is_number()) return "number";
    if (value.is_string()) return "string";
    if (value.is_array()) return "array";
    return "object";
}

/// Checks that `value` has the type of the schema, or is its constant or one of its enumerated
/// values. If it is an object, also checks that it has exactly the keys of the schema. Checks the
/// values of keys and arrays in the same way. `path` is the position of `value` in the message, for
/// error messages.
void compare(const json& value, const json& reference, const json& common,
             const std::string& path) {
    const auto& schema = resolve(reference, common);
    if (schema.contains("const")) {
        BOOST_TEST(value == schema["const"], path);
        return;
    }
    if (schema.contains("enum")) {
        BOOST_TEST(schema["enum"].dump().find(value.dump()) != std::string::npos, path);
        return;
    }
    BOOST_TEST(type_of(value) == schema["type"].get<std::string>(), path << " has the wrong type");
    if (value.is_object()) {
        BOOST_TEST(keys(value) == keys(schema["properties"]), path << " has the wrong keys");
        for (const auto& [key, element] : value.items()) {
            if (schema["properties"].contains(key)) {
                compare(element, schema["properties"][key], common, path + "." + key);
            }
        }
    }
    if (value.is_array()) {
        for (const auto& element : value) compare(element, schema["items"], common, path + "[]");
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_edge_stage_sends_the_message_that_the_next_stage_receives) {
    std::set<std::string_view> kinds;
    examples::for_each([&](const auto& message, std::size_t) {
        kinds.insert(std::remove_cvref_t<decltype(message)>::kind);
    });
    for (std::size_t i = 0; i < wire::edge_stages; ++i) {
        const auto& stage = wire::stages.at(i);
        BOOST_TEST(kinds.contains(stage.output), stage.process);
        BOOST_TEST(wire::stages.at(i + 1).input == stage.output, stage.process);
        BOOST_TEST(stage.endpoint.empty() == stage.input.empty(), stage.process);
    }
}

BOOST_AUTO_TEST_CASE(encodes_examples_to_the_golden_bytes) {
    examples::for_each([](const auto& message, std::size_t) {
        const std::string name(std::remove_cvref_t<decltype(message)>::kind);
        const auto full = wire::encode(message);
        BOOST_TEST(full == golden(name, full), name << ": the bytes of v1 must never change");
        const auto minimal = wire::encode(examples::minimal(message));
        BOOST_TEST(minimal == golden(name + ".minimal", minimal), name << ".minimal");
        const auto extended = wire::encode(examples::extended(message));
        if (extended == full) return;
        BOOST_TEST(extended == golden(name + ".extended", extended), name << ".extended");
    });
}

BOOST_AUTO_TEST_CASE(golden_bytes_are_unchanged_after_decoding_and_encoding) {
    examples::for_each([](const auto& message, std::size_t payload) {
        using Message = std::remove_cvref_t<decltype(message)>;
        for (const auto* variant : {"", ".minimal", ".extended"}) {
            const auto file =
                schemas / "golden/v1" / (std::string(Message::kind) + variant + ".msgpack");
            if (variant == std::string_view(".extended") && !fs::exists(file)) continue;
            const auto bytes = read(file);
            const auto decoded = wire::decode<Message>(bytes, payload);
            BOOST_REQUIRE_MESSAGE(decoded, Message::kind << ": " << decoded.error().message);
            BOOST_TEST(wire::encode(*decoded) == bytes);
        }
    });
}

BOOST_AUTO_TEST_CASE(encodes_an_ignored_identity_to_its_golden_bytes) {
    const auto written = wire::encode(examples::ignored());
    BOOST_TEST(written == golden("identity.ignored", written));
    const auto decoded = wire::decode<wire::Identity>(written, 0);
    BOOST_REQUIRE_MESSAGE(decoded, decoded.error().message);
    BOOST_TEST(decoded->ignored.value_or(false));
}

BOOST_AUTO_TEST_CASE(encodes_an_identity_with_crop_quality_to_its_golden_bytes) {
    const auto written = wire::encode(examples::with_crop_quality());
    BOOST_TEST(written == golden("identity.crop_quality", written));
    const auto decoded = wire::decode<wire::Identity>(written, crop_bytes);
    BOOST_REQUIRE_MESSAGE(decoded, decoded.error().message);
    BOOST_TEST(decoded->crop_quality.value().sharpness == examples::quality.sharpness);
}

BOOST_AUTO_TEST_CASE(encodes_an_identity_with_scores_to_its_golden_bytes) {
    const auto written = wire::encode(examples::with_score());
    BOOST_TEST(written == golden("identity.score", written));
    const auto decoded = wire::decode<wire::Identity>(written, crop_bytes);
    BOOST_REQUIRE_MESSAGE(decoded, decoded.error().message);
    BOOST_TEST(decoded->score.value() == 0.375);
    BOOST_TEST(decoded->score_threshold.value() == 0.1875);
    BOOST_TEST(decoded->score_margin.value() == 0.25);
}

BOOST_AUTO_TEST_CASE(schemas_list_exactly_the_encoded_keys_and_types) {
    const auto common = json::parse(read(schemas / "common.json"));
    examples::for_each([&](const auto& message, std::size_t) {
        const std::string name(std::remove_cvref_t<decltype(message)>::kind);
        const auto schema = json::parse(read(schemas / (name + ".json")));
        const auto complete = wire::encode(examples::complete(message));
        compare(json::from_msgpack(complete), schema, common, name);
    });
}

BOOST_AUTO_TEST_CASE(schemas_require_exactly_the_keys_that_are_always_encoded) {
    examples::for_each([](const auto& message, std::size_t) {
        const std::string name(std::remove_cvref_t<decltype(message)>::kind);
        const auto schema = json::parse(read(schemas / (name + ".json")));
        const auto written = json::from_msgpack(wire::encode(examples::minimal(message)));
        const auto required = schema["required"].get<std::set<std::string>>();
        BOOST_TEST(keys(written) == required, name << " requires the wrong keys");
    });
}

BOOST_AUTO_TEST_CASE(schemas_list_all_decisions_and_events) {
    const auto enum_of = [](const std::string& name, const std::string& key) {
        return json::parse(read(schemas / (name + ".json")))["properties"][key]["enum"];
    };
    BOOST_TEST(enum_of("identity", "decision") == json(enum_names(wire::Decision{})));
    BOOST_TEST(enum_of("track", "event") == json(enum_names(wire::TrackEvent{})));
}

BOOST_AUTO_TEST_CASE(schemas_and_decoder_accept_the_same_ids) {
    const auto common = json::parse(read(schemas / "common.json"));
    const auto pattern = [&](const std::string& name, const std::string& key) {
        return json::parse(read(schemas / (name + ".json")))["properties"][key]["pattern"]
            .get<std::string>();
    };
    const auto identity = json::parse(read(schemas / "identity.json"))["properties"];
    const std::vector<std::string> patterns{
        pattern("probe", "probe"),
        pattern("probe", "track"),
        pattern("ack", "ref"),
        pattern("identity", "probe"),
        pattern("identity", "track"),
        pattern("identity", "subject_id"),
        identity["samples"]["items"]["pattern"],
        common["$defs"]["candidate"]["properties"]["subject_id"]["pattern"]};
    for (const auto& text : patterns) {
        const std::regex id(text);
        for (const std::string& example :
             {std::string("door-18bcfe56800-1-7/0001"), std::string("a.b:c_D"),
              std::string(160, 'x'), std::string(161, 'x'), std::string(), std::string("a b"),
              std::string("\xc3\xa9"), std::string("a\n")}) {
            BOOST_TEST(std::regex_match(example, id) == wire::valid_id(example),
                       text << ": " << example);
        }
    }
}

BOOST_AUTO_TEST_CASE(each_message_has_a_schema_and_each_schema_has_a_message) {
    std::set<std::string> messages{"common"};
    examples::for_each([&](const auto& message, std::size_t) {
        messages.insert(std::string(std::remove_cvref_t<decltype(message)>::kind));
    });
    std::set<std::string> files;
    for (const auto& entry : fs::directory_iterator(schemas)) {
        if (entry.path().extension() == ".json") files.insert(entry.path().stem().string());
    }
    BOOST_TEST(files == messages, boost::test_tools::per_element());
}
