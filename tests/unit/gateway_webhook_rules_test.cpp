// Tests of the signature, the outcomes and the retry delays of webhooks.
#include <boost/test/unit_test.hpp>

#include "gateway/webhooks/webhook_rules.hpp"

using namespace facebus;
using namespace facebus::gateway;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(signature_is_the_hmac_of_time_and_body) {
    // printf '1700000000.{"id":"a-1"}' | openssl dgst -sha256 -hmac secret
    const auto headers = webhook_headers("a-1", 1'700'000'000, R"({"id":"a-1"})", "secret");
    BOOST_TEST(headers.at("X-Facebus-Id") == "a-1");
    BOOST_TEST(headers.at("X-Facebus-Timestamp") == "1700000000");
    BOOST_TEST(headers.at("X-Facebus-Signature") ==
               "v1=b4707107d0c095a030570331508ae57a537f64e4337d22ac0077383584f5af84");
}

BOOST_AUTO_TEST_CASE(distinguishes_unavailable_receivers_from_refused_results) {
    for (const int status : {200, 201, 204}) {
        BOOST_TEST((webhook_outcome(status) == WebhookOutcome::delivered));
    }
    for (const int status : {408, 429, 502, 503, 504}) {
        BOOST_TEST((webhook_outcome(status) == WebhookOutcome::unavailable));
    }
    for (const int status : {301, 302, 307, 400, 401, 404, 410, 422, 500, 501, 505}) {
        BOOST_TEST((webhook_outcome(status) == WebhookOutcome::refused));
    }
}

BOOST_AUTO_TEST_CASE(backoff_doubles_up_to_five_minutes_with_jitter_of_up_to_half) {
    Backoff backoff(1);
    std::chrono::milliseconds longest = 1s;
    for (int i = 0; i < 12; ++i) {
        const auto wait = backoff.next();
        BOOST_TEST(wait.count() >= (longest / 2).count());
        BOOST_TEST(wait.count() <= longest.count());
        longest = std::min<std::chrono::milliseconds>(longest * 2, 300s);
    }
    backoff.reset();
    BOOST_TEST(backoff.next().count() <= 1000);
}

BOOST_AUTO_TEST_CASE(senders_with_different_seeds_retry_at_different_times) {
    Backoff one(1);
    Backoff other(2);
    int same = 0;
    for (int i = 0; i < 10; ++i) same += one.next() == other.next() ? 1 : 0;
    BOOST_TEST(same < 3);
}

BOOST_AUTO_TEST_CASE(honours_retry_after_up_to_an_hour) {
    BOOST_TEST(Backoff(1).next("7").count() == 7000);
    BOOST_TEST(Backoff(1).next("86400").count() == 3'600'000);
    for (const auto* invalid : {"", "soon", "-5", "1e9", "99999999999999999999"}) {
        BOOST_TEST(Backoff(1).next(invalid).count() <= 1000);
    }
}
