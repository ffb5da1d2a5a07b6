#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "support/samples.hpp"
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

template <class Message>
void refused(const json& changed, std::size_t payload, const std::string& words,
             ErrorKind kind = ErrorKind::malformed) {
    const auto decoded = wire::decode<Message>(packed(changed), payload);
    BOOST_REQUIRE_MESSAGE(!decoded, "was taken, should say: " << words);
    BOOST_TEST((decoded.error().kind == kind));
    BOOST_TEST(decoded.error().message.find(words) != std::string::npos,
               decoded.error().message << " does not say: " << words);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_message_survives_the_way_there_and_back) {
    samples::for_each([](const auto& message, std::size_t payload) {
        using Message = std::remove_cvref_t<decltype(message)>;
        const auto decoded = wire::decode<Message>(wire::encode(message), payload);
        BOOST_REQUIRE_MESSAGE(decoded, Message::topic);
        BOOST_TEST(wire::encode(*decoded) == wire::encode(message));
    });
}

BOOST_AUTO_TEST_CASE(a_key_that_is_not_known_is_ignored) {
    auto changed = header(samples::ack());
    changed["from_the_future"] = json::array({1, "two"});
    BOOST_TEST(wire::decode<wire::Ack>(packed(changed), 0).has_value());
}

BOOST_AUTO_TEST_CASE(another_version_is_told_from_garbage) {
    auto changed = header(samples::ack());
    changed["v"] = 2;
    refused<wire::Ack>(changed, 0, "schema version 2", ErrorKind::unsupported);
}

BOOST_AUTO_TEST_CASE(a_missing_key_is_named) {
    auto changed = header(samples::probe());
    changed.erase("track");
    refused<wire::Probe>(changed, crop_bytes, "has no track");
}

BOOST_AUTO_TEST_CASE(a_wrong_type_is_named) {
    auto changed = header(samples::frame());
    changed["width"] = "wide";
    refused<wire::Frame>(changed, 24, "width is not an integer");
    changed["width"] = 1.5;
    refused<wire::Frame>(changed, 24, "width is not an integer");
}

BOOST_AUTO_TEST_CASE(a_number_that_does_not_fit_is_refused) {
    auto changed = header(samples::frame());
    changed["width"] = std::int64_t{1} << 40;
    refused<wire::Frame>(changed, 24, "width is out of range");
    changed["width"] = -4;
    refused<wire::Frame>(changed, 24, "width or height is out of range");
}

BOOST_AUTO_TEST_CASE(numbers_that_are_no_numbers_are_refused) {
    auto changed = header(samples::probe());
    changed["box"]["x"] = std::numeric_limits<double>::quiet_NaN();
    refused<wire::Probe>(changed, crop_bytes, "x is out of range");
    changed["box"]["x"] = std::numeric_limits<double>::infinity();
    refused<wire::Probe>(changed, crop_bytes, "x is out of range");
}

BOOST_AUTO_TEST_CASE(a_payload_of_another_size_than_promised_is_refused) {
    refused<wire::Frame>(header(samples::frame()), 23,
                         "payload has 23 bytes, but the header announces 24");
    refused<wire::Face>(header(samples::face()), 0, "payload has 0 bytes");
    refused<wire::Ack>(header(samples::ack()), 1, "payload has 1 bytes");
}

BOOST_AUTO_TEST_CASE(an_area_outside_the_frame_is_refused) {
    auto changed = header(samples::region());
    changed["areas"][1]["x"] = 637;
    refused<wire::Region>(changed, 126, "an area extends beyond the frame");
}

BOOST_AUTO_TEST_CASE(a_source_that_could_break_a_topic_is_refused) {
    auto changed = header(samples::ack());
    for (const auto* name : {"", "a.b", "a b", "d\xc3\xbcr", "../x"}) {
        changed["src"] = name;
        refused<wire::Ack>(changed, 0, "src is not a valid name");
    }
}

BOOST_AUTO_TEST_CASE(a_name_belongs_to_the_decision_known_and_only_to_it) {
    auto changed = header(samples::identity());
    changed["decision"] = "unknown";
    refused<wire::Identity>(changed, 0, "subject and subject_id require the decision known");
}

BOOST_AUTO_TEST_CASE(decisions_and_events_are_their_names_and_another_name_is_refused) {
    auto event = header(samples::track());
    BOOST_TEST(event["event"] == "started");
    for (const auto* name : {"started", "moved", "ended", "end"}) {
        event["event"] = name;
        const auto decoded = wire::decode<wire::Track>(packed(event), 0);
        BOOST_REQUIRE(decoded);
        BOOST_TEST(to_string(decoded->event) == name);
        BOOST_TEST(header(*decoded) == event);
    }
    event["event"] = "paused";
    refused<wire::Track>(event, 0, "event is not one of started, moved, ended, end");
    auto identity = header(samples::identity());
    identity["decision"] = "perhaps";
    refused<wire::Identity>(identity, 0, "decision is not one of known, unknown, undecided, error");
    identity["decision"] = 1;
    refused<wire::Identity>(identity, 0, "decision is not a string");
}

BOOST_AUTO_TEST_CASE(an_identity_of_a_person_who_is_not_to_be_reported_that_tells_who_is_refused) {
    const auto good = header(samples::ignored());
    BOOST_TEST(wire::decode<wire::Identity>(packed(good), 0).has_value());
    const auto told = header(samples::identity());
    for (const auto* key : {"similarity", "probability", "margin", "runner_up", "samples"}) {
        auto changed = good;
        changed[key] = told[key];
        refused<wire::Identity>(changed, 0, "an ignored identity must not reveal the person");
    }
    auto named = told;
    named["ignored"] = true;
    refused<wire::Identity>(named, 0, "an ignored identity must not reveal the person");
    refused<wire::Identity>(good, crop_bytes, "an ignored identity must not reveal the person");
}

BOOST_AUTO_TEST_CASE(a_header_above_the_limit_is_refused_before_it_is_read) {
    const auto decoded =
        wire::decode<wire::Ack>(std::string(wire::max_header_bytes + 1, '\xc0'), 0);
    BOOST_REQUIRE(!decoded);
    BOOST_TEST((decoded.error().kind == ErrorKind::too_large));
}

BOOST_AUTO_TEST_CASE(nesting_and_lengths_above_the_limits_are_refused) {
    auto changed = header(samples::ack());
    json deep = 1;
    for (int i = 0; i < 20; ++i) deep = json::array({deep});
    changed["x"] = deep;
    BOOST_TEST(!wire::decode<wire::Ack>(packed(changed), 0));
    changed["x"] = std::string(5000, 'x');
    BOOST_TEST(!wire::decode<wire::Ack>(packed(changed), 0));
    changed["x"] = std::vector<int>(300, 1);
    BOOST_TEST(!wire::decode<wire::Ack>(packed(changed), 0));
    // An array that claims four thousand million elements, and has none.
    BOOST_TEST(!wire::decode<wire::Ack>(std::string("\xdd\xff\xff\xff\xff", 5), 0));
}

BOOST_AUTO_TEST_CASE(no_prefix_and_no_flipped_byte_of_a_message_does_harm) {
    samples::for_each([](const auto& message, std::size_t payload) {
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

BOOST_AUTO_TEST_CASE(a_topic_names_message_and_source) {
    BOOST_TEST(wire::topic(samples::probe()) == "probe.door");
    BOOST_TEST(wire::kind("identity.front-door") == "identity");
    BOOST_TEST(wire::kind("identity") == "identity");
}
