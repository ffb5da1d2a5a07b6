// Tests of Health and HealthServer.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/client.hpp"
#include "service/health.hpp"

using namespace facebus;
using service::Health;
using service::HealthServer;

namespace {

struct Service {
    Heartbeat heartbeat;
    Metrics metrics;
    Health health{"test", heartbeat};
    HealthServer server{"127.0.0.1:0", "test.health", health, metrics};
};

}  // namespace

BOOST_AUTO_TEST_CASE(service_is_healthy_if_ready_and_all_checks_pass) {
    Service service;
    std::string body;
    BOOST_TEST(!service::fetch_health(service.server.address(), body));
    service.health.set_ready();
    BOOST_TEST(service::fetch_health(service.server.address(), body));
    service.health.set_check("camera door", false, "refused");
    BOOST_TEST(!service::fetch_health(service.server.address(), body));
    const auto json = nlohmann::json::parse(body);
    BOOST_TEST(json["status"] == "failing");
    BOOST_TEST(json["checks"]["camera door"]["text"] == "refused");
    service.health.set_check("camera door", true, "open");
    BOOST_TEST(service::fetch_health(service.server.address(), body));
}

BOOST_AUTO_TEST_CASE(service_is_alive_if_ready_even_if_a_check_fails) {
    Service service;
    const auto status = [&] {
        const Stop never;
        http::Client client({.url = "http://" + service.server.address() + "/livez"}, "test");
        const auto response = client.get(never);
        BOOST_REQUIRE(response);
        return response->status;
    };
    BOOST_TEST(status() == 503);
    service.health.set_ready();
    service.health.set_check("camera door", false, "refused");
    BOOST_TEST(status() == 200);
}

BOOST_AUTO_TEST_CASE(replaces_invalid_utf_8_in_the_text_of_a_check) {
    Service service;
    service.health.set_ready();
    service.health.set_check("camera door", true, "d\xFCr.mp4");
    std::string body;
    BOOST_TEST(service::fetch_health(service.server.address(), body));
    BOOST_TEST(nlohmann::json::parse(body)["checks"]["camera door"]["text"] == "d\uFFFDr.mp4");
}

BOOST_AUTO_TEST_CASE(error_for_an_address_in_use_mentions_the_setting) {
    Service service;
    BOOST_CHECK_EXCEPTION(
        HealthServer(service.server.address(), "broker.health", service.health, service.metrics),
        FatalError, [](const FatalError& error) {
            return error.code() == Exit::unavailable &&
                   std::string(error.what()).find("broker.health") != std::string::npos;
        });
}

BOOST_AUTO_TEST_CASE(rejects_malformed_addresses) {
    Service service;
    for (const char* address : {"", "localhost", "localhost:", "localhost:x", ":80", "h:70000"}) {
        BOOST_CHECK_THROW(HealthServer(address, "x.health", service.health, service.metrics),
                          FatalError);
    }
}

BOOST_AUTO_TEST_CASE(service_that_does_not_respond_is_unhealthy) {
    std::string address;
    {
        Service service;
        address = service.server.address();
    }
    std::string body;
    BOOST_TEST(!service::fetch_health(address, body));
    BOOST_TEST(body.find("no response from") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(exports_metrics_in_the_prometheus_format) {
    Metrics metrics;
    auto counter = metrics.counter("facebus_test_total", "Test", {{"a", "b"}});
    counter.add(2);
    metrics.counter("facebus_test_total", "Test", {{"a", "b"}}).add();
    BOOST_TEST(counter.value() == 3);
    BOOST_TEST(metrics.text().find("facebus_test_total{a=\"b\"} 3") != std::string::npos);
}
