// The server with real sockets on this machine.
#include <array>
#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <optional>

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/temporary_folder.hpp"
#include "http/address.hpp"
#include "http/server.hpp"

using namespace facebus;
using namespace facebus::http;

namespace {

/// A connection as a client of any kind has it: bytes.
class Client {
  public:
    explicit Client(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in place{};
        place.sin_family = AF_INET;
        place.sin_port = htons(static_cast<std::uint16_t>(parse_address(address)->port));
        inet_pton(AF_INET, "127.0.0.1", &place.sin_addr);
        const void* raw = &place;
        BOOST_REQUIRE(connect(socket_, static_cast<const sockaddr*>(raw), sizeof place) == 0);
    }
    ~Client() { close(socket_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    Client& send(const std::string& bytes) {
        [[maybe_unused]] const auto sent =
            ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        return *this;
    }
    [[nodiscard]] bool answered_within_ms(int milliseconds) const {
        pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
        return poll(&wanted, 1, milliseconds) > 0;
    }
    /// All that comes until the server has said everything.
    std::string receive() {
        std::string all;
        std::array<char, 4096> buffer{};
        ssize_t got = 0;
        while ((got = recv(socket_, buffer.data(), buffer.size(), 0)) > 0) {
            all.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return all;
    }

  private:
    int socket_;
};

/// What a test has the server answer in pieces.
using Pieces = std::function<std::optional<std::string>()>;

struct Served {
    std::atomic<int> answered = 0;
    Pieces pieces;
    Request last;
    Server server;

    explicit Served(double timeout = 30, std::size_t threads = 2)
        : server({.address = "127.0.0.1:0",
                  .setting = "test.address",
                  .threads = threads,
                  .most_body = 1000,
                  .timeout = timeout},
                 {.admit = [](const Request& request) -> std::optional<Response> {
                      if (request.path == "/no") return Response{.status = 403, .body = "no"};
                      return std::nullopt;
                  },
                  .answer =
                      [this](const Request& request) {
                          ++answered;
                          last = request;
                          if (request.path == "/throw") throw std::runtime_error("secret");
                          if (request.path == "/pieces") return Response{.pieces = pieces};
                          return Response{.body = "yes"};
                      },
                  .refuse =
                      [](int status) {
                          return Response{.status = status,
                                          .body = "refused " + std::to_string(status)};
                      }}) {}

    std::string ask(const std::string& head, const std::string& body = "") {
        return Client(server.address()).send(head + "\r\n\r\n" + body).receive();
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void check_refused(const std::string& answer, int status) {
    BOOST_TEST(answer.starts_with("HTTP/1.1 " + std::to_string(status)), answer);
    BOOST_TEST(answer.ends_with("refused " + std::to_string(status)), answer);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_handler_gets_method_path_query_headers_and_body_decoded) {
    Served served;
    const auto answer = served.ask(
        "PUT /a%20b/c%2Fd?x=1+2&y=%C3%A9&x=3 HTTP/1.1\r\nX-Api-Key: k\r\nContent-Type: "
        "multipart/form-data; boundary=b\r\nContent-Length: 4",
        "body");
    BOOST_TEST(answer.starts_with("HTTP/1.1 200"), answer);
    BOOST_TEST(answer.ends_with("yes"));
    BOOST_TEST(served.last.method == "PUT");
    BOOST_TEST(served.last.path == "/a b/c/d");
    BOOST_TEST(served.last.query.count("x") == 2U);
    BOOST_TEST(served.last.query.find("y")->second == "\xC3\xA9");
    BOOST_TEST(served.last.header("x-api-key") == "k");
    BOOST_TEST(served.last.header("content-type") == "multipart/form-data; boundary=b");
    BOOST_TEST(served.last.body == "body");
    BOOST_TEST(served.last.length == 4U);
}

BOOST_AUTO_TEST_CASE(a_request_without_a_body_needs_no_length) {
    Served served;
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}) {
        const auto answer = served.ask(std::string(method) + " / HTTP/1.1");
        BOOST_TEST(answer.starts_with("HTTP/1.1 200"), answer);
    }
    BOOST_TEST(served.answered == 6);
}

BOOST_AUTO_TEST_CASE(who_is_not_admitted_is_answered_before_the_body_is_there) {
    Served served;
    Client client(served.server.address());
    client.send("POST /no HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    BOOST_TEST(client.receive().ends_with("no"));
    BOOST_TEST(served.answered == 0);
}

BOOST_AUTO_TEST_CASE(a_body_that_is_too_large_is_refused_by_what_it_announces) {
    Served served;
    Client client(served.server.address());
    client.send("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n");
    check_refused(client.receive(), 413);
    check_refused(served.ask("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999"), 400);
    check_refused(served.ask("POST / HTTP/1.1\r\nContent-Length: -1"), 400);
    check_refused(served.ask("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", "xx"),
                  400);
    BOOST_TEST(served.answered == 0);
}

BOOST_AUTO_TEST_CASE(a_body_in_chunks_or_compressed_is_refused) {
    Served served;
    check_refused(served.ask("POST / HTTP/1.1\r\nTransfer-Encoding: chunked", "1\r\nx\r\n0\r\n"),
                  411);
    check_refused(served.ask("POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 1", "x"),
                  415);
    BOOST_TEST(served.answered == 0);
}

BOOST_AUTO_TEST_CASE(what_is_no_http_is_refused_with_a_body_like_all_else) {
    Served served;
    check_refused(served.ask("hello"), 400);
    check_refused(served.ask("GET / HTTP/9.9"), 400);
    check_refused(served.ask("GET /" + std::string(9000, 'x') + " HTTP/1.1"), 414);
    const auto unknown = served.ask("QUERY / HTTP/1.1");
    check_refused(unknown, 405);
    BOOST_TEST(contains(unknown, "Allow: "));
    BOOST_TEST(served.answered == 0);
}

BOOST_AUTO_TEST_CASE(headers_without_an_end_are_cut_off_by_size) {
    Served served;
    Client client(served.server.address());
    client.send("GET / HTTP/1.1\r\n");
    const auto start = Monotonic::now();
    while (!client.answered_within_ms(0)) client.send("X: " + std::string(1000, 'x') + "\r\n");
    // Long before they are cut off by time.
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
    BOOST_TEST(served.answered == 0);
}

BOOST_AUTO_TEST_CASE(a_request_that_comes_in_small_steps_ends_when_its_time_is_over) {
    Served served(0.3);
    Client client(served.server.address());
    const auto start = Monotonic::now();
    client.send("POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    std::atomic<bool> over = false;
    // A byte now and then, so that there is never a pause for the library's own limit to see.
    while (!client.answered_within_ms(20)) client.send("x");
    BOOST_TEST(served.answered == 0);
    const auto seconds = std::chrono::duration<double>(Monotonic::now() - start).count();
    BOOST_TEST(seconds >= 0.3);
    BOOST_TEST(seconds < 5);
}

BOOST_AUTO_TEST_CASE(silent_connections_do_not_keep_others_out_for_longer_than_the_time_limit) {
    Served served(0.3);
    const Client one(served.server.address());
    const Client two(served.server.address());
    BOOST_TEST(served.ask("GET / HTTP/1.1").ends_with("yes"));
}

BOOST_AUTO_TEST_CASE(an_answer_in_pieces_goes_on_until_there_is_none) {
    Served served;
    served.pieces = [left = std::vector<std::string>{"b", "", "a"}]() mutable {
        std::optional<std::string> next;
        if (left.empty()) return next;
        next = left.back();
        left.pop_back();
        return next;
    };
    const auto answer = served.ask("GET /pieces HTTP/1.1");
    BOOST_TEST(answer.starts_with("HTTP/1.1 200"), answer);
    BOOST_TEST(answer.ends_with("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"), answer);
}

BOOST_AUTO_TEST_CASE(an_answer_ends_when_its_client_has_gone_though_there_is_nothing_to_tell) {
    Served served;
    std::promise<void> ended;
    {
        std::shared_ptr<void> held(nullptr, [&](void*) { ended.set_value(); });
        served.pieces = [held] { return std::optional<std::string>(""); };
        Client client(served.server.address());
        client.send("GET /pieces HTTP/1.1\r\n\r\n");
        BOOST_TEST(client.answered_within_ms(60'000));
        served.pieces = nullptr;
    }
    ended.get_future().get();
}

BOOST_AUTO_TEST_CASE(an_answer_without_an_end_keeps_no_server_from_its_own) {
    auto served = std::make_unique<Served>(60);
    served->pieces = [] { return std::optional<std::string>(""); };
    Client client(served->server.address());
    client.send("GET /pieces HTTP/1.1\r\n\r\n");
    BOOST_TEST(client.answered_within_ms(60'000));
    const auto start = Monotonic::now();
    served.reset();
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_to_end_waits_for_no_client) {
    auto served = std::make_unique<Served>(60);
    Client silent(served->server.address());
    Client slow(served->server.address());
    slow.send("POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    const auto start = Monotonic::now();
    served.reset();
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
}

BOOST_AUTO_TEST_CASE(one_request_is_answered_a_connection_whatever_follows_it) {
    Served served;
    const auto answer = served.ask("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1");
    BOOST_TEST(contains(answer, "Connection: close"));
    BOOST_TEST(served.answered == 1);
}

BOOST_AUTO_TEST_CASE(a_range_cuts_no_answer) {
    Served served;
    const auto answer = served.ask("GET / HTTP/1.1\r\nRange: bytes=1-1");
    BOOST_TEST(answer.starts_with("HTTP/1.1 200"), answer);
    BOOST_TEST(answer.ends_with("yes"));
}

BOOST_AUTO_TEST_CASE(an_exception_is_an_answer_that_does_not_tell_of_it) {
    Served served;
    const auto answer = served.ask("GET /throw HTTP/1.1");
    check_refused(answer, 500);
    BOOST_TEST(!contains(answer, "secret"));
}

BOOST_AUTO_TEST_CASE(what_is_left_of_a_stream_is_sent_whole_though_its_file_is_gone) {
    const TemporaryFolder folder;
    const std::string text(200'000, 'x');
    std::ofstream(folder / "file") << "read before" << text;
    const Server server(
        {.address = "127.0.0.1:0", .setting = "test.address"},
        {.admit = [](const auto&) { return std::nullopt; },
         .answer =
             [&](const auto&) {
                 auto in = std::make_shared<std::ifstream>(folder / "file", std::ios::binary);
                 in->ignore(11);
                 std::filesystem::remove(folder / "file");
                 return Response{.type = "application/octet-stream", .stream = std::move(in)};
             },
         .refuse = [](int status) { return Response{.status = status}; }});
    const auto answer = Client(server.address()).send("GET / HTTP/1.1\r\n\r\n").receive();
    BOOST_TEST(answer.ends_with("\r\n\r\n" + text));
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_or_none_is_an_error_that_names_the_setting) {
    const Served served;
    const auto named = [](const StartupError& error) {
        return contains(error.what(), "test.address");
    };
    for (const auto& address : {served.server.address(), std::string("nowhere")}) {
        BOOST_CHECK_EXCEPTION(Server({.address = address, .setting = "test.address"}, {}),
                              StartupError, named);
    }
}

BOOST_AUTO_TEST_CASE(only_addresses_of_this_machine_are_loopback) {
    for (const auto* good : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"}) {
        BOOST_TEST(is_loopback(*parse_address(good)), good);
    }
    for (const auto* other :
         {"0.0.0.0:1", "127.example.com:1", "10.0.0.1:1", "[::]:1", "1.127.0.0:1"}) {
        BOOST_TEST(!is_loopback(*parse_address(other)), other);
    }
    for (const auto* bad : {"", ":1", "host", "host:", "host:x", "host:70000", "host:-1"}) {
        BOOST_TEST(!parse_address(bad), bad);
    }
}
