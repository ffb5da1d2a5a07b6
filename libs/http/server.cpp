#include "http/server.hpp"

#include <list>
#include <thread>
#include <unordered_map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include "base/error.hpp"
#include "http/address.hpp"
#include "http/connection.hpp"

namespace facebus::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Interval at which the server calls Response::pieces of streams that had no data.
constexpr std::chrono::seconds stream_poll_interval(1);
// Delay before the next attempt to accept a connection after one has failed, for example because
// too many files are open.
constexpr std::chrono::milliseconds accept_retry_delay(100);
// Maximum total size of the bodies in memory, as a multiple of ServerOptions::max_body.
constexpr std::size_t bodies_in_memory = 4;

/// Returns an acceptor that listens on `address`.
tcp::acceptor listen(asio::io_context& io, const std::string& address, const std::string& setting) {
    const auto parsed = parse_address(address);
    if (!parsed) {
        throw FatalError(Exit::config, fmt::format("{}: \"{}\" does not have the form host:port",
                                                   setting, address));
    }
    try {
        const auto found = tcp::resolver(io).resolve(parsed->host, std::to_string(parsed->port),
                                                     tcp::resolver::passive);
        // Binds the address even if connections of an earlier process are not quite closed yet.
        return tcp::acceptor(io, found.begin()->endpoint(), true);
    } catch (const boost::system::system_error& error) {
        throw FatalError(
            Exit::unavailable,
            fmt::format("cannot listen on {} ({}); stop the program that uses the address, or "
                        "change {}",
                        address, error.code().message(), setting));
    }
}

}  // namespace

std::string Request::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

/// Accepts connections and enforces the limits that they share. Everything except `workers` runs on
/// the I/O thread.
struct Server::Impl : ConnectionOwner {
    ServerOptions server_options;
    Handlers callbacks;
    asio::io_context io{1};
    tcp::acceptor acceptor;
    asio::steady_timer accept_timer{io};
    asio::steady_timer poll_timer{io};
    std::unordered_map<Connection*, std::weak_ptr<Connection>> connections;
    std::map<asio::ip::address, std::size_t> per_client;  ///< number of connections by address
    std::list<Connection*> replaceable;                   ///< longest wait first
    std::unordered_map<Connection*, std::list<Connection*>::iterator> places;  ///< in `replaceable`
    std::size_t body_bytes = 0;  ///< total size of the bodies in memory
    std::size_t pending = 0;     ///< requests that wait for a thread or are being handled
    asio::thread_pool workers;
    std::jthread thread;

    Impl(ServerOptions set, Handlers handlers)
        : server_options(std::move(set)),
          callbacks(std::move(handlers)),
          acceptor(listen(io, server_options.address, server_options.setting)),
          workers(server_options.threads) {}

    ~Impl() override {
        asio::post(io, [this] { io.stop(); });
        thread = {};
        // Handlers that are still running post their responses to `io`, which has stopped and
        // ignores them.
        workers.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void run() {
        accept();
        poll_regularly();
        thread = std::jthread([this] { io.run(); });
    }

    void accept() {
        acceptor.async_accept([this](boost::system::error_code error, tcp::socket socket) {
            if (!error) {
                add(std::move(socket));
                return accept();
            }
            // The file descriptors may be exhausted. Closing a connection frees one.
            if (!replaceable.empty()) replaceable.front()->close();
            accept_timer.expires_after(accept_retry_delay);
            accept_timer.async_wait([this](boost::system::error_code failed) {
                if (!failed) accept();
            });
        });
    }

    void add(tcp::socket socket) {
        boost::system::error_code error;
        const auto client = socket.remote_endpoint(error).address();
        // An error means that the client has already disconnected.
        if (error || !make_room(client)) return;
        static_cast<void>(socket.set_option(tcp::no_delay(true), error));
        const auto connection = std::make_shared<Connection>(std::move(socket), client, io, *this);
        connections.emplace(connection.get(), connection);
        ++per_client[client];
        connection->start();
    }

    /// If a limit is reached, closes a connection that is replaceable; see set_replaceable().
    /// Returns whether there is room for another connection of the client.
    bool make_room(const asio::ip::address& client) {
        const auto found = per_client.find(client);
        if (found != per_client.end() && found->second >= server_options.connections_per_client) {
            const auto oldest =
                std::ranges::find(replaceable, client, [](auto* other) { return other->client(); });
            if (oldest == replaceable.end()) return false;
            (*oldest)->close();
        }
        if (connections.size() < server_options.max_connections) return true;
        if (replaceable.empty()) return false;
        replaceable.front()->close();
        return true;
    }

    void poll_regularly() {
        poll_timer.expires_after(stream_poll_interval);
        poll_timer.async_wait([this](boost::system::error_code error) {
            if (error) return;
            poll_streams();
            poll_regularly();
        });
    }

    void poll_streams() {
        // Copies the list, because a stream that ends removes its connection.
        std::vector<std::shared_ptr<Connection>> all;
        for (const auto& [key, connection] : connections) {
            if (auto alive = connection.lock()) all.push_back(std::move(alive));
        }
        for (const auto& connection : all) connection->poll_stream();
    }

    [[nodiscard]] const ServerOptions& options() const override { return server_options; }
    [[nodiscard]] const Handlers& handlers() const override { return callbacks; }

    void set_replaceable(Connection& connection, bool value) override {
        const auto place = places.find(&connection);
        if (place != places.end()) {
            replaceable.erase(place->second);
            places.erase(place);
        }
        if (value) places[&connection] = replaceable.insert(replaceable.end(), &connection);
    }

    bool reserve(std::size_t bytes) override {
        if (body_bytes + bytes > bodies_in_memory * server_options.max_body) return false;
        body_bytes += bytes;
        return true;
    }
    void release(std::size_t bytes) override { body_bytes -= bytes; }

    bool run(std::function<void()> work) override {
        if (pending >= server_options.threads + server_options.waiting) return false;
        ++pending;
        asio::post(workers, [this, work = std::move(work)] {
            work();
            asio::post(io, [this] { --pending; });
        });
        return true;
    }

    void remove(Connection& connection) override {
        set_replaceable(connection, false);
        if (connections.erase(&connection) == 0) return;
        const auto count = per_client.find(connection.client());
        if (--count->second == 0) per_client.erase(count);
    }
};

Server::Server(ServerOptions options, Handlers handlers)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handlers))) {
    const auto endpoint = impl_->acceptor.local_endpoint();
    const auto host = endpoint.address().to_string();
    address_ = endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                          : fmt::format("{}:{}", host, endpoint.port());
    impl_->run();
}

Server::~Server() = default;

void Server::poll_streams() {
    asio::post(impl_->io, [impl = impl_.get()] { impl->poll_streams(); });
}

}  // namespace facebus::http
