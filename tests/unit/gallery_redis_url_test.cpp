// Tests the parser of the setting redis.url.
#include <boost/test/unit_test.hpp>

#include "base/error.hpp"
#include "gallery/redis/redis.hpp"
#include "gallery/redis/redis_url.hpp"

using namespace facebus;
using namespace facebus::gallery;

BOOST_AUTO_TEST_CASE(parses_host_port_and_database) {
    const RedisAddress address = parse_redis_url("redis://db.example.org:6380/3");
    BOOST_TEST(address.host == "db.example.org");
    BOOST_TEST(address.port == 6380);
    BOOST_TEST(address.database == 3);
    BOOST_TEST(address.password.empty());
    BOOST_TEST(address.path.empty());
    BOOST_TEST(address.safe_url == "redis://db.example.org:6380/3");
}

BOOST_AUTO_TEST_CASE(port_and_database_have_defaults) {
    BOOST_TEST(parse_redis_url("redis://localhost").safe_url == "redis://localhost:6379/0");
    BOOST_TEST(parse_redis_url("redis://localhost/").safe_url == "redis://localhost:6379/0");
    BOOST_TEST(parse_redis_url("redis://localhost/2").database == 2);
    BOOST_TEST(parse_redis_url("unix:///run/redis.sock").database == 0);
}

BOOST_AUTO_TEST_CASE(parses_the_password_and_removes_it_from_the_safe_url) {
    const RedisAddress address = parse_redis_url("redis://:s%40c%3Aret@x@localhost:1/0");
    BOOST_TEST(address.user.empty());
    BOOST_TEST(address.password == "s@c:ret@x");
    BOOST_TEST(address.safe_url == "redis://localhost:1/0");
    BOOST_TEST(parse_redis_url("redis://anna:pass@h").user == "anna");
    BOOST_TEST(parse_redis_url("redis://anna:pass@h").password == "pass");
}

BOOST_AUTO_TEST_CASE(parses_ipv6_hosts_in_brackets) {
    const RedisAddress address = parse_redis_url("redis://[::1]:7000/1");
    BOOST_TEST(address.host == "::1");
    BOOST_TEST(address.port == 7000);
    BOOST_TEST(address.safe_url == "redis://[::1]:7000/1");
}

BOOST_AUTO_TEST_CASE(parses_unix_socket_paths) {
    const RedisAddress address = parse_redis_url("unix:///run/redis/redis.sock?db=2");
    BOOST_TEST(address.path == "/run/redis/redis.sock");
    BOOST_TEST(address.database == 2);
    BOOST_TEST(address.safe_url == "unix:///run/redis/redis.sock?db=2");
}

BOOST_AUTO_TEST_CASE(the_scheme_rediss_enables_tls) {
    const RedisAddress address = parse_redis_url("rediss://alice:secret@gallery.example:6390/3");
    BOOST_TEST(address.tls);
    BOOST_TEST(address.host == "gallery.example");
    BOOST_TEST(address.port == 6390);
    BOOST_TEST(address.user == "alice");
    BOOST_TEST(address.safe_url == "rediss://gallery.example:6390/3");
    BOOST_TEST(!parse_redis_url("redis://gallery.example").tls);
}

BOOST_AUTO_TEST_CASE(rejects_invalid_redis_urls) {
    const std::vector<std::string> bad{"",
                                       "localhost:6379",
                                       "http://localhost",
                                       "rediss://",
                                       "redisss://localhost",
                                       "redis://",
                                       "redis://:6379",
                                       "redis://host:",
                                       "redis://host:0",
                                       "redis://host:65536",
                                       "redis://host:6379x",
                                       "redis://host/-1",
                                       "redis://host/x",
                                       "redis://host/0/1",
                                       "redis://word@host",
                                       "redis://[::1",
                                       "redis://[::1]6379",
                                       "redis://:%4@host",
                                       "redis://:%zz@host",
                                       "redis://ho\nst",
                                       "unix://run/redis.sock",
                                       "unix:///redis.sock?database=1",
                                       "unix:///redis.sock?db=",
                                       "unix:///" + std::string(200, 'p')};
    for (const std::string& url : bad) {
        BOOST_CHECK_EXCEPTION(
            Redis({.url = url, .timeout_ms = 100}), FatalError, [&](const FatalError& error) {
                const std::string what = error.what();
                return error.code() == Exit::config && what.starts_with("redis.url \"") &&
                       what.find('\n') == std::string::npos;
            });
    }
}

BOOST_AUTO_TEST_CASE(error_for_an_invalid_url_does_not_contain_the_password) {
    for (const char* url :
         {"redis://:secret@host:x", "redis//:secret@host", "http://a:secret@b",
          "redis://:secret%@host", "redis://:a@secret@host:0", "unix://:secret@/run/redis.sock"}) {
        BOOST_CHECK_EXCEPTION(parse_redis_url(url), FatalError, [](const FatalError& error) {
            return std::string_view(error.what()).find("secret") == std::string_view::npos;
        });
    }
}
