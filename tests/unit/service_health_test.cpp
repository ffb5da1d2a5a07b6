#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "service/health.hpp"

using namespace facebus;
using service::Health;
using service::HealthServer;

namespace {

struct Service {
    Pulse pulse;
    Metrics metrics;
    Health health{"test", pulse};
    HealthServer server{"127.0.0.1:0", "test.health", health, metrics};
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_service_is_healthy_when_it_is_ready_and_every_check_is_good) {
    Service service;
    std::string body;
    BOOST_TEST(!service::fetch_health(service.server.address(), body));
    service.health.ready();
    BOOST_TEST(service::fetch_health(service.server.address(), body));
    service.health.check("camera door", false, "refused");
    BOOST_TEST(!service::fetch_health(service.server.address(), body));
    const auto json = nlohmann::json::parse(body);
    BOOST_TEST(json["status"] == "failing");
    BOOST_TEST(json["checks"]["camera door"]["text"] == "refused");
    service.health.check("camera door", true, "open");
    BOOST_TEST(service::fetch_health(service.server.address(), body));
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_is_an_error_that_names_the_setting) {
    Service service;
    BOOST_CHECK_EXCEPTION(
        HealthServer(service.server.address(), "broker.health", service.health, service.metrics),
        StartupError, [](const StartupError& error) {
            return error.code() == Exit::unavailable &&
                   std::string(error.what()).find("broker.health") != std::string::npos;
        });
}

BOOST_AUTO_TEST_CASE(an_address_that_is_none_is_refused) {
    Service service;
    for (const char* address : {"", "localhost", "localhost:", "localhost:x", ":80", "h:70000"}) {
        BOOST_CHECK_THROW(HealthServer(address, "x.health", service.health, service.metrics),
                          StartupError);
    }
}

BOOST_AUTO_TEST_CASE(where_nothing_answers_the_service_is_not_healthy) {
    std::string address;
    {
        Service service;
        address = service.server.address();
    }
    std::string body;
    BOOST_TEST(!service::fetch_health(address, body));
    BOOST_TEST(body.find("no response from") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(metrics_are_in_the_format_of_prometheus) {
    Metrics metrics;
    auto counter = metrics.counter("facebus_test_total", "Test", {{"a", "b"}});
    counter.add(2);
    metrics.counter("facebus_test_total", "Test", {{"a", "b"}}).add();
    BOOST_TEST(counter.value() == 3);
    BOOST_TEST(metrics.text().find("facebus_test_total{a=\"b\"} 3") != std::string::npos);
}
