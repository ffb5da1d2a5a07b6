// Tests the HTTP server over real sockets.
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

/// TCP client that sends and receives raw bytes.
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
        pollfd polled{.fd = socket_, .events = POLLIN, .revents = 0};
        return poll(&polled, 1, milliseconds) > 0;
    }
    /// Returns everything that the server sends until it closes the connection.
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

/// Source of a response in pieces.
using Pieces = std::function<std::optional<std::string>()>;

/// Server with handlers for the tests.
struct Served {
    std::atomic<int> answered = 0;
    Pieces pieces;
    Request last;
    Server server;

    explicit Served(double timeout = 30, std::size_t threads = 2)
        : server({.address = "127.0.0.1:0",
                  .setting = "test.address",
                  .threads = threads,
                  .max_body = 1000,
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

void check_error(const std::string& answer, int status) {
    BOOST_TEST(answer.starts_with("HTTP/1.1 " + std::to_string(status)), answer);
    BOOST_TEST(answer.ends_with("refused " + std::to_string(status)), answer);
}

}  // namespace

BOOST_AUTO_TEST_CASE(passes_the_decoded_request_to_the_handler) {
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

BOOST_AUTO_TEST_CASE(request_without_a_body_requires_no_length) {
    Served served;
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}) {
        const auto answer = served.ask(std::string(method) + " / HTTP/1.1");
        BOOST_TEST(answer.starts_with("HTTP/1.1 200"), answer);
    }
    BOOST_TEST(served.answered == 6);
}

BOOST_AUTO_TEST_CASE(rejects_requests_before_their_body_arrives) {
    Served served;
    Client client(served.server.address());
    client.send("POST /no HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    BOOST_TEST(client.receive().ends_with("no"));
    BOOST_TEST(served.answered == 0);
}

BOOST_AUTO_TEST_CASE(rejects_too_large_bodies_by_their_announced_length) {
    Served served;
    Client client(served.server.address());
    client.send("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n");
    check_error(client.receive(), 413);
    check_error(served.ask("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999"), 400);
    check_error(served.ask("POST / HTTP/1.1\r\nContent-Length: -1"), 400);
    check_error(served.ask("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", "xx"), 400);
    BOOST_TEST(served.answered == 0);
}

BOOST_AUTO_TEST_CASE(rejects_chunked_and_compressed_bodies) {
    Served served;
    check_error(served.ask("POST / HTTP/1.1\r\nTransfer-Encoding: chunked", "1\r\nx\r\n0\r\n"),
                411);
    check_error(served.ask("POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 1", "x"),
                415);
    BOOST_TEST(served.answered == 0);
}

BOOST_AUTO_TEST_CASE(rejects_malformed_requests_with_an_error_body) {
    Served served;
    check_error(served.ask("hello"), 400);
    check_error(served.ask("GET / HTTP/9.9"), 400);
    check_error(served.ask("GET /" + std::string(9000, 'x') + " HTTP/1.1"), 414);
    const auto unknown = served.ask("QUERY / HTTP/1.1");
    check_error(unknown, 405);
    BOOST_TEST(contains(unknown, "Allow: "));
    BOOST_TEST(served.answered == 0);
}

BOOST_AUTO_TEST_CASE(limits_the_size_of_unterminated_headers) {
    Served served;
    Client client(served.server.address());
    client.send("GET / HTTP/1.1\r\n");
    const auto start = Monotonic::now();
    while (!client.answered_within_ms(0)) client.send("X: " + std::string(1000, 'x') + "\r\n");
    // Well before the deadline of the headers.
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
    BOOST_TEST(served.answered == 0);
}

BOOST_AUTO_TEST_CASE(deadline_applies_to_requests_that_arrive_byte_by_byte) {
    Served served(0.3);
    Client client(served.server.address());
    const auto start = Monotonic::now();
    client.send("POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    std::atomic<bool> over = false;
    // Send a byte regularly, so that the timeout of the library never applies.
    while (!client.answered_within_ms(20)) client.send("x");
    BOOST_TEST(served.answered == 0);
    const auto seconds = std::chrono::duration<double>(Monotonic::now() - start).count();
    BOOST_TEST(seconds >= 0.3);
    BOOST_TEST(seconds < 5);
}

BOOST_AUTO_TEST_CASE(silent_connections_block_others_only_until_the_deadline) {
    Served served(0.3);
    const Client one(served.server.address());
    const Client two(served.server.address());
    BOOST_TEST(served.ask("GET / HTTP/1.1").ends_with("yes"));
}

BOOST_AUTO_TEST_CASE(sends_pieces_until_there_are_no_more) {
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

BOOST_AUTO_TEST_CASE(idle_response_ends_when_the_client_disconnects) {
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

BOOST_AUTO_TEST_CASE(stops_despite_an_endless_response) {
    auto served = std::make_unique<Served>(60);
    served->pieces = [] { return std::optional<std::string>(""); };
    Client client(served->server.address());
    client.send("GET /pieces HTTP/1.1\r\n\r\n");
    BOOST_TEST(client.answered_within_ms(60'000));
    const auto start = Monotonic::now();
    served.reset();
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
}

BOOST_AUTO_TEST_CASE(stops_without_waiting_for_clients) {
    auto served = std::make_unique<Served>(60);
    Client silent(served->server.address());
    Client slow(served->server.address());
    slow.send("POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    const auto start = Monotonic::now();
    served.reset();
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
}

BOOST_AUTO_TEST_CASE(answers_one_request_per_connection) {
    Served served;
    const auto answer = served.ask("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1");
    BOOST_TEST(contains(answer, "Connection: close"));
    BOOST_TEST(served.answered == 1);
}

BOOST_AUTO_TEST_CASE(ignores_range_headers) {
    Served served;
    const auto answer = served.ask("GET / HTTP/1.1\r\nRange: bytes=1-1");
    BOOST_TEST(answer.starts_with("HTTP/1.1 200"), answer);
    BOOST_TEST(answer.ends_with("yes"));
}

BOOST_AUTO_TEST_CASE(exception_becomes_an_error_without_its_message) {
    Served served;
    const auto answer = served.ask("GET /throw HTTP/1.1");
    check_error(answer, 500);
    BOOST_TEST(!contains(answer, "secret"));
}

BOOST_AUTO_TEST_CASE(sends_the_rest_of_a_stream_after_its_file_was_unlinked) {
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

BOOST_AUTO_TEST_CASE(error_for_an_unusable_address_names_the_setting) {
    const Served served;
    const auto named = [](const FatalError& error) {
        return contains(error.what(), "test.address");
    };
    for (const auto& address : {served.server.address(), std::string("nowhere")}) {
        BOOST_CHECK_EXCEPTION(Server({.address = address, .setting = "test.address"}, {}),
                              FatalError, named);
    }
}

BOOST_AUTO_TEST_CASE(recognises_loopback_addresses) {
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
