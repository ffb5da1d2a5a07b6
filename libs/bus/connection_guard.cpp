#include "bus/connection_guard.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ranges>
#include <utility>

#include <fmt/format.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace facebus::bus {
namespace {

// Bytes that ZeroMQ sends to a peer before the handshake succeeds: the greeting and, with CURVE,
// the command WELCOME. One more is for the SYN packet, which some kernels count.
constexpr std::uint64_t greeting_bytes = 64 + 1;
constexpr std::uint64_t welcome_bytes = 170;

// If fewer unread bytes than this remain after a message has arrived, they are forgiven: they no
// longer count. ZeroMQ does not report bytes of the handshake and of heartbeats, so they would
// otherwise add up.
constexpr std::uint64_t forgiven_bytes = std::uint64_t{64} * 1024;

/// Returns the cookie of a socket, which is unique until the next boot. Returns 0 if `descriptor`
/// is not a socket.
std::uint64_t cookie_of(int descriptor) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

/// Returns IP address and port of the peer. They are empty if the socket does not use TCP or is no
/// longer connected.
std::pair<std::string, std::string> peer_of(int descriptor) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (getpeername(descriptor, generic, &size) != 0 || address.ss_family == AF_UNIX) return {};
    getnameinfo(generic, size, host.data(), host.size(), port.data(), port.size(),
                NI_NUMERICHOST | NI_NUMERICSERV);
    return {host.data(), port.data()};
}

}  // namespace

std::string ConnectionGuard::Connection::peer() const {
    return fmt::format("{}:{} (key {})", address, port, key ? key->name : "unknown");
}

ConnectionGuard::ConnectionGuard(zmq::context_t& context, zmq::socket_t& socket, std::string name,
                                 bool encrypted, const Limits& limits, OnError on_error)
    : name_(std::move(name)),
      handshake_bytes_(encrypted ? greeting_bytes + welcome_bytes : greeting_bytes),
      limits_(limits),
      on_error_(std::move(on_error)),
      socket_(socket),
      monitor_(context, zmq::socket_type::pair),
      stop_sender_(context, zmq::socket_type::pair),
      stop_receiver_(context, zmq::socket_type::pair) {
    // The handle makes the names unique in the context.
    const auto events = fmt::format("inproc://facebus-monitor-{}", socket.handle());
    const auto stop = fmt::format("inproc://facebus-guard-stop-{}", socket.handle());
    // The events for failed handshakes do not cover all failures, so RejectionCounter derives the
    // failures from the events for disconnects.
    if (zmq_socket_monitor(
            socket.handle(), events.c_str(),
            ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) != 0) {
        throw FatalError(Exit::unavailable, fmt::format("cannot watch the connections to {}: {}",
                                                        name_, std::strerror(errno)));
    }
    // Unbounded: if this queue were full, the I/O thread of ZeroMQ would block, and with it all
    // sockets.
    monitor_.set(zmq::sockopt::rcvhwm, 0);
    monitor_.connect(events);
    stop_receiver_.bind(stop);
    stop_sender_.connect(stop);
    thread_ = std::thread([this] { run(); });
}

ConnectionGuard::~ConnectionGuard() {
    // Stop the events first: without a reader, an event would block the I/O thread of ZeroMQ.
    zmq_socket_monitor(socket_.handle(), nullptr, 0);
    stop_sender_.send(zmq::message_t(), zmq::send_flags::none);
    thread_.join();
}

void ConnectionGuard::on_message(int descriptor, std::uint64_t bytes,
                                 const std::shared_ptr<const AllowedKey>& key) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(descriptor);
    if (found == connections_.end()) return;
    auto& connection = found->second;
    connection.accounted += bytes;
    connection.delivered = true;
    connection.established = true;
    if (connection.key || !key) return;
    connection.key = key;
    const auto known = std::ranges::find_if(authenticated_, [&](const auto& peer) {
        return peer.address == connection.address && peer.key == key;
    });
    if (known != authenticated_.end()) authenticated_.erase(known);
}

void ConnectionGuard::on_authenticated(const std::string& address,
                                       const std::shared_ptr<const AllowedKey>& key) {
    const std::lock_guard lock(mutex_);
    if (authenticated_.size() < limits_.connections) {
        authenticated_.push_back({address, key, Monotonic::now()});
    }
}

void ConnectionGuard::close(int descriptor) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(descriptor);
    if (found != connections_.end()) shut_down(descriptor, found->second);
}

// Checks at regular intervals instead of waiting for bytes to arrive: ZeroMQ often reads the bytes
// before this thread wakes up, and then the operating system does not report the socket as
// readable.
void ConnectionGuard::run() {
    std::array<zmq::pollitem_t, 2> items{
        {{stop_receiver_.handle(), 0, ZMQ_POLLIN, 0}, {monitor_.handle(), 0, ZMQ_POLLIN, 0}}};
    auto next_check = Monotonic::now();
    while (true) {
        const auto wait =
            std::chrono::ceil<std::chrono::milliseconds>(next_check - Monotonic::now());
        try {
            zmq::poll(items, connections_.empty() ? std::chrono::milliseconds(-1)
                                                  : std::max(wait, std::chrono::milliseconds(0)));
        } catch (const zmq::error_t& error) {
            if (error.num() != EINTR) throw;
            continue;
        }
        if ((items[0].revents & ZMQ_POLLIN) != 0) return;
        read_events();
        const auto start = Monotonic::now();
        if (start < next_check) continue;
        check();
        // Even with very many connections, the checks use at most a fifth of a core.
        const auto end = Monotonic::now();
        next_check = std::max<Monotonic::time_point>(start + interval, end + 4 * (end - start));
    }
}

/// Reads all events of ZeroMQ.
void ConnectionGuard::read_events() {
    const std::lock_guard lock(mutex_);
    zmq::message_t frame;
    while (monitor_.recv(frame, zmq::recv_flags::dontwait)) {
        // An event has two frames. The first one contains the number and the value of the event,
        // the second one the endpoint, which is skipped by the check below.
        std::uint16_t event = 0;
        std::int32_t value = 0;
        if (!frame.more() || frame.size() != sizeof event + sizeof value) continue;
        const auto* bytes = frame.data<std::byte>();
        std::memcpy(&event, bytes, sizeof event);
        std::memcpy(&value, bytes + sizeof event, sizeof value);
        if (event == ZMQ_EVENT_ACCEPTED) {
            rejections_.on_accepted(value);
            add(value);
        }
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) rejections_.on_handshake_succeeded();
        if (event == ZMQ_EVENT_DISCONNECTED) {
            rejections_.on_disconnected(value);
            connections_.erase(value);
        }
    }
    rejected_ = rejections_.rejected();
}

// ZeroMQ may have closed the connection already, and its descriptor may belong to another file. In
// that case the event for the disconnect follows, and the connection is removed before check().
void ConnectionGuard::add(int descriptor) {
    auto [address, port] = peer_of(descriptor);
    const bool tcp = !address.empty();
    // Only the handshake of a TCP connection can be measured. Assume that any other has succeeded.
    connections_[descriptor] = {.number = ++accepted_,
                                .cookie = cookie_of(descriptor),
                                .address = std::move(address),
                                .port = std::move(port),
                                .key = {},
                                .established = !tcp};
}

void ConnectionGuard::check() {
    std::vector<Error> errors;
    {
        const std::lock_guard lock(mutex_);
        for (auto& [descriptor, connection] : connections_) measure(descriptor, connection);
        identify();
        close_unread(errors);
        close_surplus(errors);
    }
    for (const auto& error : errors) on_error_(error);
}

void ConnectionGuard::measure(int descriptor, Connection& connection) const {
    tcp_info info{};
    socklen_t size = sizeof info;
    int queued = 0;  // bytes that have arrived, but that ZeroMQ has not read
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        ioctl(descriptor, FIONREAD, &queued) != 0)
        return;
    if (info.tcpi_bytes_acked > handshake_bytes_) connection.established = true;
    connection.received =
        info.tcpi_bytes_received -
        std::min<std::uint64_t>(info.tcpi_bytes_received, static_cast<std::uint64_t>(queued));
    const bool forgive = connection.delivered && connection.unread() < forgiven_bytes;
    // `accounted` exceeds `received` if a message of an earlier connection with the same descriptor
    // was counted for this one.
    if (forgive || connection.accounted > connection.received)
        connection.accounted = connection.received;
    connection.delivered = false;
}

// When a peer authenticates, ZeroMQ reports its address, but not its connection. The handshake
// succeeds afterwards. The guard therefore assigns a key to the new connections from an address
// only if there are as many of them as authenticated peers with this address, and all these peers
// used the same key.
void ConnectionGuard::identify() {
    const auto expired = Monotonic::now() - std::chrono::seconds(1);
    std::erase_if(authenticated_, [&](const auto& peer) { return peer.time < expired; });
    if (authenticated_.empty()) return;
    std::map<std::string, std::vector<Connection*>> fresh;  // by address
    for (auto& connection : connections_ | std::views::values) {
        if (connection.established && !connection.key)
            fresh[connection.address].push_back(&connection);
    }
    for (const auto& [address, connections] : fresh) {
        std::vector<std::shared_ptr<const AllowedKey>> keys;
        for (const auto& peer : authenticated_) {
            if (peer.address == address) keys.push_back(peer.key);
        }
        if (keys.size() != connections.size() ||
            std::ranges::adjacent_find(keys, std::ranges::not_equal_to()) != keys.end())
            continue;
        for (auto* connection : connections) connection->key = keys[0];
        std::erase_if(authenticated_, [&](const auto& peer) { return peer.address == address; });
    }
}

/// Closes the connections with too many unread bytes.
void ConnectionGuard::close_unread(std::vector<Error>& errors) {
    const auto refuse = [&](auto& entry, std::uint64_t limit, std::string_view scope) {
        auto& [descriptor, connection] = entry;
        errors.push_back(
            {ErrorKind::too_large,
             fmt::format("disconnected {} from {}: it sent {} bytes {}; the limit {} is {}",
                         connection.peer(), name_, connection.unread(), limits_.of, scope, limit)});
        shut_down(descriptor, connection);
    };
    std::uint64_t all = 0;
    for (auto& entry : connections_) {
        auto& connection = entry.second;
        if (connection.closing) continue;
        if (connection.unread() > limits_.unread_bytes) {
            refuse(entry, limits_.unread_bytes, "per connection");
        } else {
            all += connection.unread();
        }
    }
    while (all > limits_.all_unread_bytes) {
        const auto unread = [](const auto& entry) {
            return entry.second.closing ? 0 : entry.second.unread();
        };
        auto& largest = *std::ranges::max_element(connections_, {}, unread);
        all -= unread(largest);
        refuse(largest, limits_.all_unread_bytes, "for all connections together");
    }
}

/// Closes connections until their number is within the limit. Begins with those whose handshake is
/// not finished, oldest first, because a regular peer finishes it fast. Then closes the others,
/// newest first.
void ConnectionGuard::close_surplus(std::vector<Error>& errors) {
    std::vector<std::pair<const int, Connection>*> open;
    for (auto& entry : connections_) {
        if (!entry.second.closing) open.push_back(&entry);
    }
    if (open.size() <= limits_.connections) return;
    const auto surplus = open.size() - limits_.connections;
    std::ranges::sort(open, {}, [](const auto* entry) {
        const auto& connection = entry->second;
        return std::pair(connection.established,
                         connection.established ? ~connection.number : connection.number);
    });
    for (auto* entry : open | std::views::take(surplus)) shut_down(entry->first, entry->second);
    errors.push_back(
        {ErrorKind::refused,
         fmt::format("closed {} connections to {}: more than {} were open; if these are regular "
                     "peers, raise the limit of open files",
                     surplus, name_, limits_.connections)});
}

/// Ends the connection. ZeroMQ notices that and closes the descriptor.
void ConnectionGuard::shut_down(int descriptor, Connection& connection) {
    connection.closing = true;
    if (cookie_of(descriptor) != connection.cookie) return;
    // Makes the operating system reset the connection when ZeroMQ closes it. Otherwise, a peer that
    // is blocked because the receive window is full would notice the end of the connection only a
    // minute later.
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    shutdown(descriptor, SHUT_RDWR);
}

}  // namespace facebus::bus
