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
        sockaddr_in target{};
        target.sin_family = AF_INET;
        target.sin_port = htons(static_cast<std::uint16_t>(parse_address(address)->port));
        inet_pton(AF_INET, "127.0.0.1", &target.sin_addr);
        const void* raw = &target;
        BOOST_REQUIRE(connect(socket_, static_cast<const sockaddr*>(raw), sizeof target) == 0);
    }
    ~Client() { close(socket_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    Client& send(const std::string& bytes) {
        [[maybe_unused]] const auto sent =
            ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        return *this;
    }
    [[nodiscard]] bool has_input_within_ms(int milliseconds) const {
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

/// Function that returns the pieces of a response.
using Pieces = std::function<std::optional<std::string>()>;

/// Server with handlers for the tests.
struct TestServer {
    std::atomic<int> handled = 0;
    Pieces pieces;
    Request last;
    Server http_server;

    explicit TestServer(double timeout = 30, std::size_t threads = 2)
        : http_server({.address = "127.0.0.1:0",
                       .setting = "test.address",
                       .threads = threads,
                       .max_body = 1000,
                       .timeout = timeout},
                      {.admit = [](const Request& request) -> std::optional<Response> {
                           if (request.path == "/no") return Response{.status = 403, .body = "no"};
                           return std::nullopt;
                       },
                       .handle =
                           [this](const Request& request) {
                               ++handled;
                               last = request;
                               if (request.path == "/throw") throw std::runtime_error("secret");
                               if (request.path == "/pieces") return Response{.pieces = pieces};
                               return Response{.body = "yes"};
                           },
                       .error_response =
                           [](int status) {
                               return Response{.status = status,
                                               .body = "error " + std::to_string(status)};
                           }}) {}

    std::string send_request(const std::string& head, const std::string& body = "") {
        return Client(http_server.address()).send(head + "\r\n\r\n" + body).receive();
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void check_error(const std::string& response, int status) {
    BOOST_TEST(response.starts_with("HTTP/1.1 " + std::to_string(status)), response);
    BOOST_TEST(response.ends_with("error " + std::to_string(status)), response);
}

}  // namespace

BOOST_AUTO_TEST_CASE(passes_the_decoded_request_to_the_handler) {
    TestServer server;
    const auto response = server.send_request(
        "PUT /a%20b/c%2Fd?x=1+2&y=%C3%A9&x=3 HTTP/1.1\r\nX-Api-Key: k\r\nContent-Type: "
        "multipart/form-data; boundary=b\r\nContent-Length: 4",
        "body");
    BOOST_TEST(response.starts_with("HTTP/1.1 200"), response);
    BOOST_TEST(response.ends_with("yes"));
    BOOST_TEST(server.last.method == "PUT");
    BOOST_TEST(server.last.path == "/a b/c/d");
    BOOST_TEST(server.last.query.count("x") == 2U);
    BOOST_TEST(server.last.query.find("y")->second == "\xC3\xA9");
    BOOST_TEST(server.last.header("x-api-key") == "k");
    BOOST_TEST(server.last.header("content-type") == "multipart/form-data; boundary=b");
    BOOST_TEST(server.last.body == "body");
    BOOST_TEST(server.last.length == 4U);
}

BOOST_AUTO_TEST_CASE(accepts_requests_with_neither_body_nor_content_length) {
    TestServer server;
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}) {
        const auto response = server.send_request(std::string(method) + " / HTTP/1.1");
        BOOST_TEST(response.starts_with("HTTP/1.1 200"), response);
    }
    BOOST_TEST(server.handled == 6);
}

BOOST_AUTO_TEST_CASE(can_reject_a_request_before_its_body_arrives) {
    TestServer server;
    Client client(server.http_server.address());
    client.send("POST /no HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    BOOST_TEST(client.receive().ends_with("no"));
    BOOST_TEST(server.handled == 0);
}

BOOST_AUTO_TEST_CASE(rejects_too_large_invalid_and_repeated_content_lengths) {
    TestServer server;
    Client client(server.http_server.address());
    client.send("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n");
    check_error(client.receive(), 413);
    check_error(server.send_request("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999"),
                400);
    check_error(server.send_request("POST / HTTP/1.1\r\nContent-Length: -1"), 400);
    check_error(
        server.send_request("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", "xx"),
        400);
    BOOST_TEST(server.handled == 0);
}

BOOST_AUTO_TEST_CASE(rejects_chunked_and_compressed_bodies) {
    TestServer server;
    check_error(
        server.send_request("POST / HTTP/1.1\r\nTransfer-Encoding: chunked", "1\r\nx\r\n0\r\n"),
        411);
    check_error(
        server.send_request("POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 1", "x"),
        415);
    BOOST_TEST(server.handled == 0);
}

BOOST_AUTO_TEST_CASE(rejects_malformed_requests_and_unknown_methods_with_an_error_body) {
    TestServer server;
    check_error(server.send_request("hello"), 400);
    check_error(server.send_request("GET / HTTP/9.9"), 400);
    check_error(server.send_request("GET /" + std::string(9000, 'x') + " HTTP/1.1"), 414);
    const auto unknown = server.send_request("QUERY / HTTP/1.1");
    check_error(unknown, 405);
    BOOST_TEST(contains(unknown, "Allow: "));
    BOOST_TEST(server.handled == 0);
}

BOOST_AUTO_TEST_CASE(limits_the_total_size_of_headers) {
    TestServer server;
    Client client(server.http_server.address());
    client.send("GET / HTTP/1.1\r\n");
    const auto start = Monotonic::now();
    while (!client.has_input_within_ms(0)) client.send("X: " + std::string(1000, 'x') + "\r\n");
    // Less than the 5 s that the client has for sending its headers.
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
    BOOST_TEST(server.handled == 0);
}

BOOST_AUTO_TEST_CASE(deadline_applies_to_requests_that_arrive_byte_by_byte) {
    TestServer server(0.3);
    Client client(server.http_server.address());
    const auto start = Monotonic::now();
    client.send("POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    // Send a byte regularly: the timeouts of cpp-httplib restart with every byte, so only our
    // deadline can apply.
    while (!client.has_input_within_ms(20)) client.send("x");
    BOOST_TEST(server.handled == 0);
    const auto seconds = std::chrono::duration<double>(Monotonic::now() - start).count();
    BOOST_TEST(seconds >= 0.3);
    BOOST_TEST(seconds < 5);
}

BOOST_AUTO_TEST_CASE(silent_connections_occupy_threads_only_until_the_deadline) {
    TestServer server(0.3);
    const Client one(server.http_server.address());
    const Client two(server.http_server.address());
    BOOST_TEST(server.send_request("GET / HTTP/1.1").ends_with("yes"));
}

BOOST_AUTO_TEST_CASE(sends_pieces_until_the_function_returns_nothing) {
    TestServer server;
    server.pieces = [left = std::vector<std::string>{"b", "", "a"}]() mutable {
        std::optional<std::string> next;
        if (left.empty()) return next;
        next = left.back();
        left.pop_back();
        return next;
    };
    const auto response = server.send_request("GET /pieces HTTP/1.1");
    BOOST_TEST(response.starts_with("HTTP/1.1 200"), response);
    BOOST_TEST(response.ends_with("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"), response);
}

BOOST_AUTO_TEST_CASE(streamed_response_ends_when_the_client_disconnects) {
    TestServer server;
    std::promise<void> ended;
    {
        std::shared_ptr<void> owner(nullptr, [&](void*) { ended.set_value(); });
        server.pieces = [owner] { return std::optional<std::string>(""); };
        Client client(server.http_server.address());
        client.send("GET /pieces HTTP/1.1\r\n\r\n");
        BOOST_TEST(client.has_input_within_ms(60'000));
        server.pieces = nullptr;
    }
    ended.get_future().get();
}

BOOST_AUTO_TEST_CASE(server_stops_despite_an_endless_response) {
    auto server = std::make_unique<TestServer>(60);
    server->pieces = [] { return std::optional<std::string>(""); };
    Client client(server->http_server.address());
    client.send("GET /pieces HTTP/1.1\r\n\r\n");
    BOOST_TEST(client.has_input_within_ms(60'000));
    const auto start = Monotonic::now();
    server.reset();
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
}

BOOST_AUTO_TEST_CASE(server_stops_without_waiting_for_clients) {
    auto server = std::make_unique<TestServer>(60);
    Client silent(server->http_server.address());
    Client slow(server->http_server.address());
    slow.send("POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    const auto start = Monotonic::now();
    server.reset();
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
}

BOOST_AUTO_TEST_CASE(handles_one_request_per_connection) {
    TestServer server;
    const auto response = server.send_request("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1");
    BOOST_TEST(contains(response, "Connection: close"));
    BOOST_TEST(server.handled == 1);
}

BOOST_AUTO_TEST_CASE(ignores_range_headers) {
    TestServer server;
    const auto response = server.send_request("GET / HTTP/1.1\r\nRange: bytes=1-1");
    BOOST_TEST(response.starts_with("HTTP/1.1 200"), response);
    BOOST_TEST(response.ends_with("yes"));
}

BOOST_AUTO_TEST_CASE(exception_causes_an_error_response_without_its_message) {
    TestServer server;
    const auto response = server.send_request("GET /throw HTTP/1.1");
    check_error(response, 500);
    BOOST_TEST(!contains(response, "secret"));
}

BOOST_AUTO_TEST_CASE(sends_the_rest_of_a_stream_after_its_file_was_unlinked) {
    const TemporaryFolder folder;
    const std::string text(200'000, 'x');
    std::ofstream(folder / "file") << "read before" << text;
    const Server server(
        {.address = "127.0.0.1:0", .setting = "test.address"},
        {.admit = [](const auto&) { return std::nullopt; },
         .handle =
             [&](const auto&) {
                 auto in = std::make_shared<std::ifstream>(folder / "file", std::ios::binary);
                 in->ignore(11);
                 std::filesystem::remove(folder / "file");
                 return Response{.type = "application/octet-stream", .stream = std::move(in)};
             },
         .error_response = [](int status) { return Response{.status = status}; }});
    const auto response = Client(server.address()).send("GET / HTTP/1.1\r\n\r\n").receive();
    BOOST_TEST(response.ends_with("\r\n\r\n" + text));
}

BOOST_AUTO_TEST_CASE(error_for_an_unusable_address_mentions_the_setting) {
    const TestServer server;
    const auto names_setting = [](const FatalError& error) {
        return contains(error.what(), "test.address");
    };
    for (const auto& address : {server.http_server.address(), std::string("nowhere")}) {
        BOOST_CHECK_EXCEPTION(Server({.address = address, .setting = "test.address"}, {}),
                              FatalError, names_setting);
    }
}

BOOST_AUTO_TEST_CASE(recognises_loopback_and_malformed_addresses) {
    for (const auto* inside : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"}) {
        BOOST_TEST(is_loopback(*parse_address(inside)), inside);
    }
    for (const auto* outside :
         {"0.0.0.0:1", "127.example.com:1", "10.0.0.1:1", "[::]:1", "1.127.0.0:1"}) {
        BOOST_TEST(!is_loopback(*parse_address(outside)), outside);
    }
    for (const auto* malformed : {"", ":1", "host", "host:", "host:x", "host:70000", "host:-1"}) {
        BOOST_TEST(!parse_address(malformed), malformed);
    }
}
