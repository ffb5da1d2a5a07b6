// Tests the encoding and decoding of messages.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "support/example_messages.hpp"
#include "wire/codec.hpp"

using namespace facebus;
using nlohmann::json;

namespace {

std::string packed(const json& header) {
    const auto bytes = json::to_msgpack(header);
    return {bytes.begin(), bytes.end()};
}

json header(const auto& message) {
    return json::from_msgpack(wire::encode(message));
}

/// Checks that the header `changed` is rejected, with `words` in the error message. `payload`: size
/// of the payload in bytes.
template <class Message>
void rejects(const json& changed, std::size_t payload, const std::string& words,
             ErrorKind kind = ErrorKind::malformed) {
    const auto decoded = wire::decode<Message>(packed(changed), payload);
    BOOST_REQUIRE_MESSAGE(!decoded, "was accepted; expected an error with: " << words);
    BOOST_TEST((decoded.error().kind == kind));
    BOOST_TEST(decoded.error().message.find(words) != std::string::npos,
               decoded.error().message << " does not contain: " << words);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_message_is_unchanged_after_encoding_and_decoding) {
    examples::for_each([](const auto& message, std::size_t payload) {
        using Message = std::remove_cvref_t<decltype(message)>;
        const auto decoded = wire::decode<Message>(wire::encode(message), payload);
        BOOST_REQUIRE_MESSAGE(decoded, Message::kind);
        BOOST_TEST(wire::encode(*decoded) == wire::encode(message));
    });
}

BOOST_AUTO_TEST_CASE(ignores_unknown_keys) {
    auto changed = header(examples::ack());
    changed["from_the_future"] = json::array({1, "two"});
    BOOST_TEST(wire::decode<wire::Ack>(packed(changed), 0).has_value());
}

BOOST_AUTO_TEST_CASE(rejects_unknown_schema_versions_as_unsupported) {
    auto changed = header(examples::ack());
    changed["v"] = 2;
    rejects<wire::Ack>(changed, 0, "schema version 2", ErrorKind::unsupported);
}

BOOST_AUTO_TEST_CASE(error_mentions_the_missing_key) {
    auto changed = header(examples::probe());
    changed.erase("track");
    rejects<wire::Probe>(changed, crop_bytes, "has no track");
}

BOOST_AUTO_TEST_CASE(error_mentions_the_key_whose_value_has_the_wrong_type) {
    auto changed = header(examples::frame());
    changed["width"] = "wide";
    rejects<wire::Frame>(changed, 24, "width is not an integer");
    changed["width"] = 1.5;
    rejects<wire::Frame>(changed, 24, "width is not an integer");
}

BOOST_AUTO_TEST_CASE(rejects_numbers_out_of_range) {
    auto changed = header(examples::frame());
    changed["width"] = std::int64_t{1} << 40;
    rejects<wire::Frame>(changed, 24, "width is out of range");
    changed["width"] = -4;
    rejects<wire::Frame>(changed, 24, "width or height is out of range");
}

BOOST_AUTO_TEST_CASE(rejects_identities_with_values_out_of_range) {
    const auto valid = header(examples::identity());
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, double>>{{"similarity", 1.5},
                                                     {"similarity", -1.5},
                                                     {"probability", 1.5},
                                                     {"probability", -0.5},
                                                     {"quality", 1.5},
                                                     {"quality", -0.5}}) {
        auto changed = valid;
        changed[key] = value;
        rejects<wire::Identity>(changed, 0, key + " is not in");
    }
    auto changed = valid;
    changed["runner_up"]["similarity"] = 1.5;
    rejects<wire::Identity>(changed, 0, "similarity is not in");
}

BOOST_AUTO_TEST_CASE(rejects_nan_and_infinity) {
    auto changed = header(examples::probe());
    changed["box"]["x"] = std::numeric_limits<double>::quiet_NaN();
    rejects<wire::Probe>(changed, crop_bytes, "x is out of range");
    changed["box"]["x"] = std::numeric_limits<double>::infinity();
    rejects<wire::Probe>(changed, crop_bytes, "x is out of range");
}

BOOST_AUTO_TEST_CASE(rejects_payloads_of_the_wrong_size) {
    rejects<wire::Frame>(header(examples::frame()), 23,
                         "payload has 23 bytes, but the header requires 24");
    rejects<wire::Face>(header(examples::face()), 0, "payload has 0 bytes");
    rejects<wire::Ack>(header(examples::ack()), 1, "payload has 1 bytes");
}

BOOST_AUTO_TEST_CASE(rejects_areas_outside_the_frame) {
    auto changed = header(examples::region());
    changed["areas"][1]["x"] = 637;
    rejects<wire::Region>(changed, 126, "an area extends beyond the frame");
}

BOOST_AUTO_TEST_CASE(rejects_an_end_of_stream_message_that_has_areas) {
    auto changed = header(examples::region());
    changed["end"] = true;
    changed["frame_width"] = std::numeric_limits<std::int32_t>::min();
    rejects<wire::Region>(changed, 126, "the last message of a stream must not have areas");
}

BOOST_AUTO_TEST_CASE(rejects_invalid_source_names) {
    auto changed = header(examples::ack());
    for (const auto* name : {"", "a.b", "a b", "d\xc3\xbcr", "../x"}) {
        changed["src"] = name;
        rejects<wire::Ack>(changed, 0, "src is not a valid name");
    }
}

BOOST_AUTO_TEST_CASE(rejects_ids_with_other_characters_than_letters_digits_and_a_few_signs) {
    const auto valid = header(examples::identity());
    for (const std::string id : {"", "a b", "caf\xc3\xa9", "\xff", "a\x1b[31m", "a\nb", "a\"b"}) {
        for (const auto* key : {"probe", "track", "subject_id", "run"}) {
            auto changed = valid;
            changed[key] = id;
            rejects<wire::Identity>(changed, 0, std::string(key) + " ");
        }
        auto changed = valid;
        changed["samples"][1] = id;
        rejects<wire::Identity>(changed, 0, "sample");
        changed = valid;
        changed["runner_up"]["subject_id"] = id;
        rejects<wire::Identity>(changed, 0, "subject_id ");
        auto ack = header(examples::ack());
        ack["ref"] = id;
        rejects<wire::Ack>(ack, 0, "ref ");
        auto event = header(examples::track());
        event["track"] = id;
        rejects<wire::Track>(event, 0, "track ");
        event["event"] = "end";
        if (!id.empty()) rejects<wire::Track>(event, 0, "track ");
    }
    auto longest = valid;
    longest["track"] = std::string(wire::max_id_bytes, 'x');
    BOOST_TEST(wire::decode<wire::Identity>(packed(longest), 0).has_value());
    longest["track"] = std::string(wire::max_id_bytes + 1, 'x');
    rejects<wire::Identity>(longest, 0, "track must be 1 to 160 characters");
    BOOST_TEST(wire::valid_id("Door_1-18bc.f:0/0001"));
}

BOOST_AUTO_TEST_CASE(rejects_texts_that_are_not_utf8) {
    for (const auto* key : {"subject", "model", "gallery", "reason"}) {
        auto changed = header(examples::identity());
        changed[key] = "Zo\xeb";
        rejects<wire::Identity>(changed, 0, std::string(key) + " is not valid UTF-8");
        changed[key] = "Zoë";
        BOOST_TEST(wire::decode<wire::Identity>(packed(changed), 0).has_value());
    }
    auto status = header(examples::status());
    status["state"] = "\xff";
    rejects<wire::Status>(status, 0, "state is not valid UTF-8");
}

BOOST_AUTO_TEST_CASE(rejects_the_decision_unknown_together_with_a_subject) {
    auto changed = header(examples::identity());
    changed["decision"] = "unknown";
    rejects<wire::Identity>(changed, 0, "subject and subject_id must be present if and only if");
}

BOOST_AUTO_TEST_CASE(accepts_a_best_subject_only_in_an_ambiguous_identity) {
    auto identity = examples::minimal(examples::identity());
    identity.decision = wire::Decision::undecided;
    identity.runner_up = examples::identity().runner_up;
    identity.best = {"a1b2", "Ada Lovelace", 0.75};
    const auto valid = header(identity);
    BOOST_TEST(wire::decode<wire::Identity>(packed(valid), 0).has_value());
    auto changed = valid;
    changed["decision"] = "unknown";
    rejects<wire::Identity>(changed, 0, "best requires runner_up and the decision undecided");
    changed = valid;
    changed.erase("runner_up");
    rejects<wire::Identity>(changed, 0, "best requires runner_up and the decision undecided");
    changed = valid;
    changed["best"]["subject_id"] = "a b";
    rejects<wire::Identity>(changed, 0, "best.subject_id ");
}

BOOST_AUTO_TEST_CASE(encodes_enum_values_by_name_and_rejects_unknown_names) {
    auto event = header(examples::track());
    BOOST_TEST(event["event"] == "started");
    for (const auto* name : {"started", "moved", "ended", "end"}) {
        event["event"] = name;
        const auto decoded = wire::decode<wire::Track>(packed(event), 0);
        BOOST_REQUIRE(decoded);
        BOOST_TEST(to_string(decoded->event) == name);
        BOOST_TEST(header(*decoded) == event);
    }
    event["event"] = "paused";
    rejects<wire::Track>(event, 0, "event is not one of started, moved, ended, end");
    auto identity = header(examples::identity());
    identity["decision"] = "perhaps";
    rejects<wire::Identity>(identity, 0, "decision is not one of known, unknown, undecided, error");
    identity["decision"] = 1;
    rejects<wire::Identity>(identity, 0, "decision is not a string");
}

BOOST_AUTO_TEST_CASE(rejects_ignored_identities_that_reveal_the_person) {
    const auto valid = header(examples::ignored());
    BOOST_TEST(wire::decode<wire::Identity>(packed(valid), 0).has_value());
    const auto revealing = header(examples::identity());
    for (const auto* key : {"similarity", "probability", "margin", "runner_up", "samples"}) {
        auto changed = valid;
        changed[key] = revealing[key];
        rejects<wire::Identity>(changed, 0, "an ignored identity must not reveal the person");
    }
    auto named = revealing;
    named["ignored"] = true;
    rejects<wire::Identity>(named, 0, "an ignored identity must not reveal the person");
    rejects<wire::Identity>(valid, crop_bytes, "an ignored identity must not reveal the person");
}

BOOST_AUTO_TEST_CASE(rejects_headers_that_are_too_large) {
    const auto decoded =
        wire::decode<wire::Ack>(std::string(wire::max_header_bytes + 1, '\xc0'), 0);
    BOOST_REQUIRE(!decoded);
    BOOST_TEST((decoded.error().kind == ErrorKind::too_large));
}

BOOST_AUTO_TEST_CASE(rejects_excessive_nesting_and_lengths) {
    auto changed = header(examples::ack());
    json deep = 1;
    for (int i = 0; i < 20; ++i) deep = json::array({deep});
    changed["x"] = deep;
    BOOST_TEST(!wire::decode<wire::Ack>(packed(changed), 0));
    changed["x"] = std::string(5000, 'x');
    BOOST_TEST(!wire::decode<wire::Ack>(packed(changed), 0));
    changed["x"] = std::vector<int>(300, 1);
    BOOST_TEST(!wire::decode<wire::Ack>(packed(changed), 0));
    // The header of this array declares 4,294,967,295 elements, but the array contains none.
    BOOST_TEST(!wire::decode<wire::Ack>(std::string("\xdd\xff\xff\xff\xff", 5), 0));
}

BOOST_AUTO_TEST_CASE(rejects_truncated_messages_and_does_not_crash_on_corrupted_ones) {
    examples::for_each([](const auto& message, std::size_t payload) {
        using Message = std::remove_cvref_t<decltype(message)>;
        const auto bytes = wire::encode(message);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            BOOST_TEST(!wire::decode<Message>(bytes.substr(0, size), payload));
        }
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            for (const int flip : {0x01, 0x80, 0xff}) {
                auto broken = bytes;
                broken[i] = static_cast<char>(broken[i] ^ flip);
                const auto decoded = wire::decode<Message>(broken, payload);
                if (decoded) BOOST_TEST(!wire::encode(*decoded).empty());
            }
        }
        BOOST_TEST(!wire::decode<Message>(bytes + "x", payload));
    });
}

BOOST_AUTO_TEST_CASE(topic_consists_of_kind_and_source) {
    BOOST_TEST(wire::topic(examples::probe()) == "probe.door");
    BOOST_TEST(wire::kind("identity.front-door") == "identity");
    BOOST_TEST(wire::kind("identity") == "identity");
}
