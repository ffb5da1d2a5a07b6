// Tests of the connection to Redis, with a Redis server and with peers that disconnect, report an
// error or send invalid replies.
#include <array>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <boost/test/unit_test.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/temporary_folder.hpp"
#include "gallery/redis/redis.hpp"
#include "gallery/store/loader.hpp"
#include "support/faces.hpp"
#include "support/redis_server.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::RedisServer;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// Server that accepts one connection, reads a byte, sends `reply` and closes the connection.
class FakeRedis {
  public:
    explicit FakeRedis(std::string reply) : reply_(std::move(reply)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
        listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
        const void* raw = &address;
        if (bind(listener_, static_cast<const sockaddr*>(raw), sizeof address) != 0 ||
            listen(listener_, 1) != 0) {
            throw std::runtime_error("listen");
        }
        thread_ = std::thread([this] {
            const int peer = accept(listener_, nullptr, nullptr);
            char byte = 0;
            if (recv(peer, &byte, 1, 0) == 1) {
                (void)send(peer, reply_.data(), reply_.size(), MSG_NOSIGNAL);
            }
            close(peer);
        });
    }
    ~FakeRedis() {
        thread_.join();
        close(listener_);
    }
    FakeRedis(const FakeRedis&) = delete;
    FakeRedis& operator=(const FakeRedis&) = delete;

    [[nodiscard]] RedisOptions options() const {
        return {.url = "unix://" + socket(), .timeout_ms = 5000};
    }

  private:
    [[nodiscard]] std::string socket() const { return (folder_ / "redis.sock").string(); }

    std::string reply_;
    TemporaryFolder folder_;
    int listener_ = -1;
    std::thread thread_;
};

/// Writes the password to a file and returns the path of the file. Returns an empty path if the
/// password is empty.
std::string password_file(const std::string& password) {
    static const TemporaryFolder folder;
    if (password.empty()) return {};
    const auto file = folder / "password";
    BOOST_REQUIRE(write_private_file(file, password + "\n"));
    return file.string();
}

}  // namespace

BOOST_AUTO_TEST_CASE(keeps_binary_keys_and_values_unchanged) {
    const RedisServer server;
    Redis redis({.url = server.url(), .timeout_ms = 5000});
    std::string bytes;
    for (int i = 0; i < 1024; ++i) bytes += static_cast<char>(i % 256);
    BOOST_REQUIRE(redis.run({"SET", std::string("k\0\r\n", 4), bytes}));
    const auto reply = redis.run({"GET", std::string("k\0\r\n", 4)});
    BOOST_REQUIRE(reply);
    BOOST_TEST((reply->text() == bytes));
    BOOST_REQUIRE(redis.run({"SET", "empty", ""}));
    BOOST_TEST(!redis.run({"GET", "empty"})->nil());
    BOOST_TEST(redis.run({"GET", "none"})->nil());
}

BOOST_AUTO_TEST_CASE(reads_replies_of_all_types) {
    const RedisServer server;
    Redis redis({.url = server.url(), .timeout_ms = 5000});
    BOOST_TEST(redis.run({"INCRBY", "n", "41"})->number() == 41);
    BOOST_TEST(redis.run({"GET", "n"})->number() == 41);
    BOOST_TEST(redis.run({"GET", "n"})->elements().empty());
    BOOST_TEST(redis.run({"ECHO", "41x"})->number() == 0);
    const auto list = redis.eval("return {1, 'two', {3}, false}", {}, {});
    BOOST_REQUIRE(list);
    BOOST_REQUIRE(list->elements().size() == 4U);
    BOOST_TEST(list->elements()[1].text() == "two");
    BOOST_TEST(list->elements()[2].elements()[0].number() == 3);
    BOOST_TEST(list->elements()[3].nil());
}

BOOST_AUTO_TEST_CASE(an_error_reply_does_not_make_the_next_command_fail) {
    const RedisServer server;
    Redis redis({.url = server.url(), .timeout_ms = 5000});
    BOOST_REQUIRE(redis.run({"SET", "text", "x"}));
    const auto reply = redis.run({"INCR", "text"});
    BOOST_REQUIRE(!reply);
    BOOST_TEST((reply.error().kind == ErrorKind::refused));
    BOOST_TEST(contains(reply.error().message, "Redis at unix://"));
    BOOST_TEST(redis.run({"GET", "text"})->text() == "x");
}

BOOST_AUTO_TEST_CASE(pipeline_fails_if_a_command_fails_but_run_each_returns_every_result) {
    const RedisServer server;
    Redis redis({.url = server.url(), .timeout_ms = 5000});
    const std::vector<Redis::Command> commands{{"SET", "a", "x"}, {"INCR", "a"}, {"GET", "a"}};
    BOOST_TEST(!redis.pipeline(commands));
    const auto each = redis.run_each(commands);
    BOOST_REQUIRE(each);
    BOOST_TEST((*each)[0].has_value());
    BOOST_TEST(!(*each)[1].has_value());
    BOOST_TEST((*each)[2]->text() == "x");
}

BOOST_AUTO_TEST_CASE(error_without_a_server_contains_the_address_and_a_remedy) {
    Redis redis({.url = "unix:///nonexistent/redis.sock?db=0",
                 .password_file = password_file("hunter2"),
                 .timeout_ms = 1000});
    const auto reply = redis.run({"PING"});
    BOOST_REQUIRE(!reply);
    BOOST_TEST((reply.error().kind == ErrorKind::unavailable));
    BOOST_TEST(reply.error().message ==
               "cannot reach Redis at unix:///nonexistent/redis.sock?db=0: No such file or "
               "directory; start it or set redis.url");
}

BOOST_AUTO_TEST_CASE(reports_a_wrong_or_missing_password_without_showing_it) {
    const RedisServer server({"--requirepass", "correct horse"});
    for (const char* password : {"hunter2", ""}) {
        Redis redis(
            {.url = server.url(), .password_file = password_file(password), .timeout_ms = 5000});
        const auto reply = redis.run({"GET", "x"});
        BOOST_REQUIRE(!reply);
        BOOST_TEST((reply.error().kind == ErrorKind::unavailable));
        BOOST_TEST(contains(reply.error().message, server.url()));
        BOOST_TEST(contains(reply.error().message, "redis.password_file"));
        BOOST_TEST(!contains(reply.error().message, "hunter2"));
        BOOST_TEST(!contains(reply.error().message, "\n"));
    }
    Redis redis(
        {.url = server.url(), .password_file = password_file("correct horse"), .timeout_ms = 5000});
    BOOST_TEST(redis.run({"PING"})->text() == "PONG");
}

BOOST_AUTO_TEST_CASE(reports_the_error_code_of_a_rejected_login) {
    const RedisServer server({"--rename-command", "AUTH", ""});
    const auto reply =
        Redis({.url = server.url(), .password_file = password_file("hunter2"), .timeout_ms = 5000})
            .run({"PING"});
    BOOST_REQUIRE(!reply);
    BOOST_TEST(contains(reply.error().message, "rejected the login (ERR)"));
    BOOST_TEST(!contains(reply.error().message, "hunter2"));
}

BOOST_AUTO_TEST_CASE(uses_the_database_of_the_url_and_reports_a_missing_database) {
    const RedisServer server({"--databases", "2"});
    const std::string url = "unix://" + server.socket() + "?db=";
    BOOST_REQUIRE(Redis({.url = url + "1", .timeout_ms = 5000}).run({"SET", "k", "1"}));
    BOOST_TEST(Redis({.url = url + "0", .timeout_ms = 5000}).run({"GET", "k"})->nil());
    BOOST_TEST(Redis({.url = url + "1", .timeout_ms = 5000}).run({"GET", "k"})->text() == "1");
    const auto reply = Redis({.url = url + "2", .timeout_ms = 5000}).run({"GET", "k"});
    BOOST_REQUIRE(!reply);
    BOOST_TEST((reply.error().kind == ErrorKind::unavailable));
}

BOOST_AUTO_TEST_CASE(reports_a_stopped_server_and_reconnects_after_its_restart) {
    RedisServer server;
    Redis redis({.url = server.url(), .timeout_ms = 5000});
    BOOST_REQUIRE(redis.run({"PING"}));
    server.stop();
    for (int i = 0; i < 2; ++i) {
        const auto reply = redis.run({"PING"});
        BOOST_REQUIRE(!reply);
        BOOST_TEST((reply.error().kind == ErrorKind::unavailable));
        BOOST_TEST(contains(reply.error().message, "cannot reach Redis at " + server.url()));
    }
    server.start();
    BOOST_TEST(redis.run({"PING"})->text() == "PONG");
}

BOOST_AUTO_TEST_CASE(reconnects_if_the_server_closed_the_connection) {
    const RedisServer server;
    Redis redis({.url = server.url(), .timeout_ms = 5000});
    BOOST_REQUIRE(redis.run({"PING"}));
    Redis other({.url = server.url(), .timeout_ms = 5000});
    BOOST_TEST(other.run({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"})->number() == 1);
    BOOST_TEST(redis.run({"PING"}).has_value());
}

BOOST_AUTO_TEST_CASE(reports_a_timeout_and_does_not_use_the_late_reply_for_the_next_command) {
    const RedisServer server;
    Redis redis({.url = server.url(), .timeout_ms = 100});
    BOOST_REQUIRE(redis.run({"SET", "n", "0"}));
    server.freeze(true);
    for (int i = 0; i < 2; ++i) {
        const auto late = redis.run({"INCR", "n"});
        BOOST_REQUIRE(!late);
        BOOST_TEST((late.error().kind == ErrorKind::unavailable));
        BOOST_TEST(contains(late.error().message, "no reply within 100 ms"));
    }
    server.freeze(false);
    Redis patient({.url = server.url(), .timeout_ms = 10'000});
    BOOST_TEST(patient.run({"ECHO", "next"})->text() == "next");
    // Redis may have executed the increments, but the client must not have repeated any.
    BOOST_TEST(redis.run({"ECHO", "next"})->text() == "next");
    BOOST_TEST(redis.run({"GET", "n"})->number() <= 2);
}

BOOST_AUTO_TEST_CASE(a_peer_that_disconnects_during_a_write_does_not_kill_the_process) {
    const FakeRedis peer("");
    const auto reply = Redis(peer.options()).run({"SET", "k", std::string(32 << 20, 'x')});
    BOOST_REQUIRE(!reply);
    BOOST_TEST((reply.error().kind == ErrorKind::unavailable));
}

BOOST_AUTO_TEST_CASE(read_samples_fails_and_reports_no_damaged_sample_if_redis_is_busy) {
    const FakeRedis peer("-BUSY Redis is busy running a script\r\n");
    Redis redis(peer.options());
    const auto samples = read_samples(redis, {{test::id("Anna"), test::id("1")}});
    BOOST_REQUIRE(!samples);
    BOOST_TEST((samples.error().kind == ErrorKind::unavailable));
    BOOST_TEST(contains(samples.error().message, "BUSY"));
}

BOOST_AUTO_TEST_CASE(rejects_invalid_truncated_and_deeply_nested_replies) {
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "*1\r\n";
    for (const std::string& invalid :
         {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), deep, std::string("$100\r\nshort"),
          std::string("*2\r\n:1\r\n"), std::string("$-7\r\n"), std::string(":12x\r\n\r\n"),
          std::string(1, '\0')}) {
        const FakeRedis peer(invalid);
        const auto reply = Redis(peer.options()).run({"GET", "k"});
        BOOST_TEST(!reply.has_value());
    }
}
