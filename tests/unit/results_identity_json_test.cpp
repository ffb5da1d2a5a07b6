// Tests of the conversion of results to JSON.
#include <set>

#include <boost/test/unit_test.hpp>

#include "results/decision.hpp"
#include "results/identity_json.hpp"
#include "support/example_messages.hpp"

using namespace facebus;
using namespace facebus::results;

namespace {

const std::set<std::string> event_keys{"id",          "camera",  "track", "time",       "decision",
                                       "subject_id",  "subject", "box",   "similarity", "threshold",
                                       "probability", "quality", "faces", "reason"};

std::set<std::string> keys(const Json& json) {
    std::set<std::string> all;
    for (const auto& [key, value] : json.items()) all.insert(key);
    return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(event_has_exactly_the_documented_keys_and_the_values_of_the_result) {
    const auto json = identity_json(examples::extended(examples::identity()), Detail::event);
    BOOST_TEST(keys(json) == event_keys, boost::test_tools::per_element());
    BOOST_TEST(json["id"].get<std::string>() == "18bcfe56800-17");
    BOOST_TEST(json["camera"].get<std::string>() == "door");
    BOOST_TEST(json["time"].get<std::string>() == "2023-11-14T22:13:20.000Z");
    BOOST_TEST(json["decision"].get<std::string>() == "known");
    BOOST_TEST(json["subject"].get<std::string>() == "Ada Lovelace");
    BOOST_TEST(json["similarity"].get<double>() == 0.75);
    BOOST_TEST(json["faces"].get<int>() == 3);
    BOOST_TEST(json["box"].dump() == R"({"x":10.5,"y":20.25,"width":64.5,"height":80.25})");
}

BOOST_AUTO_TEST_CASE(event_omits_missing_values) {
    const auto json = identity_json(examples::minimal(examples::identity()), Detail::event);
    auto expected = event_keys;
    for (const auto* key : {"subject_id", "subject", "similarity", "probability", "reason"}) {
        expected.erase(key);
    }
    BOOST_TEST(keys(json) == expected, boost::test_tools::per_element());
    BOOST_TEST(json["id"].get<std::string>() == "0-17");
}

BOOST_AUTO_TEST_CASE(event_has_the_key_ignored_only_if_the_person_is_ignored) {
    BOOST_TEST(identity_json(examples::ignored(), Detail::event)["ignored"].get<bool>());
    BOOST_TEST(!identity_json(examples::complete(examples::identity()), Detail::event)
                    .contains("ignored"));
}

BOOST_AUTO_TEST_CASE(event_names_both_subjects_of_an_ambiguous_result) {
    auto identity = examples::identity();
    BOOST_TEST(!identity_json(identity, Detail::event).contains("runner_up"));
    identity.decision = wire::Decision::undecided;
    identity.subject_id.reset();
    identity.subject.reset();
    identity.best = {"a1b2", "Ada Lovelace", 0.75};
    const auto json = identity_json(identity, Detail::event);
    BOOST_TEST(json["best"]["subject"].get<std::string>() == "Ada Lovelace");
    BOOST_TEST(json["best"]["similarity"].get<double>() == 0.75);
    BOOST_TEST(json["runner_up"]["subject"].get<std::string>() == "Grace Hopper");
    BOOST_TEST(!json.contains("subject"));
}

BOOST_AUTO_TEST_CASE(explained_result_has_the_keys_that_explain_it_and_only_valid_sample_ids) {
    auto identity = examples::identity();
    identity.samples = {"00112233445566778899aabbccddeeff", "no id"};
    auto expected = event_keys;
    for (const auto* key :
         {"margin", "runner_up", "probes", "samples", "model", "gallery", "milliseconds"}) {
        expected.insert(key);
    }
    const auto json = identity_json(identity, Detail::explained);
    BOOST_TEST(keys(json) == expected, boost::test_tools::per_element());
    BOOST_TEST(json["runner_up"]["subject"].get<std::string>() == "Grace Hopper");
    BOOST_TEST(json["samples"].dump() == R"(["00112233-4455-6677-8899-aabbccddeeff"])");
}

BOOST_AUTO_TEST_CASE(lists_latencies_in_pipeline_order) {
    const auto json = identity_json(examples::identity(), Detail::explained);
    std::vector<std::string> expected;
    for (const auto& step : wire::steps) expected.emplace_back(step.name);
    expected.emplace_back("total");
    std::vector<std::string> listed;
    for (const auto& [step, ms] : json["milliseconds"].items()) listed.push_back(step);
    BOOST_TEST(listed == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(decision_has_the_same_name_as_the_verdict) {
    using gallery::Verdict;
    BOOST_TEST(to_string(to_decision(Verdict::known)) == "known");
    BOOST_TEST(to_string(to_decision(Verdict::unknown)) == "unknown");
    BOOST_TEST(to_string(to_decision(Verdict::undecided)) == "undecided");
}
