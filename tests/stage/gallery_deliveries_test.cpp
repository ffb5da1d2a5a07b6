// Tests of the state of deliveries and of dead letters, with a Redis server.
#include <boost/test/unit_test.hpp>

#include "gallery/history/deliveries.hpp"
#include "gallery/history/history.hpp"
#include "gallery/history/history_reader.hpp"
#include "support/redis_server.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::RedisServer;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

struct Receiver {
    /// Adds a result to the history and returns its id.
    std::string result() {
        BOOST_REQUIRE(history.append("identity.door", "header", "", "track"));
        return history.after("0-0", 100'000).value().back().id;
    }
    /// Returns the history ids of the dead letters' results.
    std::vector<std::string> letters() {
        std::vector<std::string> all;
        for (const auto& letter : deliveries.dead_letters().value()) all.push_back(letter.result);
        return all;
    }

    RedisServer server;
    RedisOptions options{.url = server.url()};
    History history{options, 1};
    Deliveries deliveries{options, "webhook:lock"};
};

using Strings = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_result_has_at_most_one_dead_letter, Receiver) {
    const auto one = result();
    const auto other = result();
    BOOST_TEST(deliveries.add(one, 500, 5).value() == 0U);
    BOOST_TEST(deliveries.add(one, 500, 6).value() == 0U);
    BOOST_TEST(deliveries.add(other, 404, 5).value() == 0U);
    BOOST_TEST(letters() == Strings({one, other}), boost::test_tools::per_element());
    BOOST_TEST(deliveries.dead_letters().value().front().attempts == 5);
}

BOOST_FIXTURE_TEST_CASE(drops_and_counts_the_oldest_dead_letters, Receiver) {
    Redis redis(options);
    std::vector<Redis::Command> commands;
    for (std::size_t i = 0; i < Deliveries::max_dead_letters; ++i) {
        commands.push_back({"XADD", "facebus:dead_letters:webhook:lock", "*", "result",
                            "1-" + std::to_string(i), "status", "500", "attempts", "5"});
    }
    BOOST_REQUIRE(redis.pipeline(commands));
    BOOST_TEST(deliveries.add("2-0", 500, 5).value() == 1U);
    BOOST_TEST(deliveries.state().value().dead_letters == Deliveries::max_dead_letters);
    BOOST_TEST(letters().front() == "1-1");
    BOOST_TEST(letters().back() == "2-0");
}

BOOST_FIXTURE_TEST_CASE(removes_dead_letters_whose_results_have_expired, Receiver) {
    const auto kept = result();
    // More than one page of the script.
    Redis redis(options);
    std::vector<Redis::Command> commands(
        1200, {"XADD", "facebus:dead_letters:webhook:lock", "*", "result", "1-1"});
    BOOST_REQUIRE(redis.pipeline(commands));
    BOOST_REQUIRE(deliveries.add(kept, 500, 5));
    BOOST_REQUIRE(deliveries.remove_expired());
    BOOST_TEST(letters() == Strings({kept}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(removes_dead_letters_without_a_valid_id_of_a_result, Receiver) {
    Redis redis(options);
    for (const auto* field : {"result", "other"}) {
        BOOST_REQUIRE(
            redis.run({"XADD", "facebus:dead_letters:webhook:lock", "*", field, "not an id"}));
    }
    const auto kept = result();
    BOOST_REQUIRE(deliveries.add(kept, 500, 5));
    BOOST_REQUIRE(deliveries.remove_expired());
    BOOST_TEST(letters() == Strings({kept}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(does_not_read_data_of_a_newer_format, Receiver) {
    BOOST_REQUIRE(Redis(options).run({"SET", "facebus:format", "2"}));
    BOOST_TEST(!Deliveries(options, "webhook:lock").state());
    BOOST_TEST(!reader_names(options, "webhook:"));
}

BOOST_FIXTURE_TEST_CASE(a_replay_ends_only_if_there_is_no_newer_request, Receiver) {
    BOOST_TEST(deliveries.state().value().replay.empty());
    const auto one = result();
    BOOST_REQUIRE(deliveries.add(one, 500, 5));
    BOOST_REQUIRE(deliveries.request_replay());
    const auto request = deliveries.state().value().replay;
    const auto letter = deliveries.next("0-0", request).value();
    BOOST_REQUIRE(letter.has_value());
    BOOST_TEST(letter->result == one);
    BOOST_TEST(!deliveries.next(letter->id, request).value().has_value());
    BOOST_REQUIRE(deliveries.finish_replay("1"));
    BOOST_TEST(deliveries.state().value().replay == request);
    BOOST_REQUIRE(deliveries.finish_replay(request));
    BOOST_TEST(deliveries.state().value().replay.empty());
}

BOOST_FIXTURE_TEST_CASE(keeps_the_latest_error_after_a_success, Receiver) {
    const auto one = result();
    BOOST_REQUIRE(
        deliveries.record_failure(one, 3, "status 500", std::chrono::milliseconds(60'000)));
    auto state = deliveries.state().value();
    BOOST_TEST(state.result == one);
    BOOST_TEST(state.attempts == 3);
    BOOST_TEST(state.retry_ms == state.error_ms + 60'000);
    BOOST_REQUIRE(deliveries.record_success());
    state = deliveries.state().value();
    BOOST_TEST(state.result.empty());
    BOOST_TEST(state.attempts == 0);
    BOOST_TEST(state.retry_ms == 0);
    BOOST_TEST(state.error == "status 500");
}

BOOST_FIXTURE_TEST_CASE(the_end_of_a_back_off_keeps_the_number_of_attempts, Receiver) {
    const auto one = result();
    BOOST_REQUIRE(
        deliveries.record_failure(one, 3, "status 500", std::chrono::milliseconds(60'000)));
    BOOST_REQUIRE(deliveries.end_back_off());
    const auto state = deliveries.state().value();
    BOOST_TEST(state.retry_ms == 0);
    BOOST_TEST(state.result == one);
    BOOST_TEST(state.attempts == 3);
}

BOOST_FIXTURE_TEST_CASE(finds_the_names_of_readers_with_a_prefix, Receiver) {
    for (const auto* name : {"webhook:lock", "webhook:door", "other"}) {
        BOOST_REQUIRE(HistoryReader(options, name).next());
    }
    BOOST_TEST(
        reader_names(options, "webhook:").value() == Strings({"webhook:door", "webhook:lock"}),
        boost::test_tools::per_element());
}
