#include "bus/zap_handler.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace facebus::bus {
namespace {

// Frames of a CURVE request: version, request id, domain, address, routing id, mechanism, and the
// public key of the client.
constexpr std::size_t request_frames = 7;
constexpr std::size_t key_bytes = 32;

/// Returns the key in Z85, or an empty string if it has the wrong size.
std::string z85(const zmq::message_t& key) {
    std::array<char, key_bytes * 5 / 4 + 1> text{};
    if (key.size() != key_bytes) return {};
    zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(key.data()), key_bytes);
    return text.data();
}

}  // namespace

ZapHandler::ZapHandler(zmq::context_t& context, AllowList& allowed, OnAllowed on_allowed,
                       OnRefreshed on_refreshed)
    : allowed_(allowed),
      on_allowed_(std::move(on_allowed)),
      on_refreshed_(std::move(on_refreshed)),
      requests_(context, zmq::socket_type::rep),
      stop_sender_(context, zmq::socket_type::pair),
      stop_receiver_(context, zmq::socket_type::pair) {
    requests_.set(zmq::sockopt::linger, 0);
    requests_.bind("inproc://zeromq.zap.01");
    stop_receiver_.bind("inproc://facebus-zap-stop");
    stop_sender_.connect("inproc://facebus-zap-stop");
    thread_ = std::thread([this] { run(); });
}

ZapHandler::~ZapHandler() {
    stop_sender_.send(zmq::message_t(), zmq::send_flags::none);
    thread_.join();
}

void ZapHandler::run() {
    std::array<zmq::pollitem_t, 2> items{
        {{requests_.handle(), 0, ZMQ_POLLIN, 0}, {stop_receiver_.handle(), 0, ZMQ_POLLIN, 0}}};
    auto next_refresh = Monotonic::now();
    while (true) {
        if (Monotonic::now() >= next_refresh) {
            on_refreshed_(allowed_.refresh());
            next_refresh = Monotonic::now() + std::chrono::seconds(1);
        }
        const auto wait =
            std::chrono::ceil<std::chrono::milliseconds>(next_refresh - Monotonic::now());
        try {
            zmq::poll(items, std::max(wait, std::chrono::milliseconds(0)));
            if ((items[1].revents & ZMQ_POLLIN) != 0) return;
            if ((items[0].revents & ZMQ_POLLIN) != 0) handle_request();
        } catch (const zmq::error_t& error) {
            if (error.num() != EINTR) throw;
        }
    }
}

void ZapHandler::handle_request() {
    std::vector<zmq::message_t> request;
    do {
        zmq::message_t frame;
        if (!requests_.recv(frame)) return;
        request.push_back(std::move(frame));
    } while (request.back().more());
    const bool complete = request.size() == request_frames && request[5].to_string() == "CURVE";
    const auto key = complete ? z85(request[6]) : std::string();
    const auto allowed = complete ? allowed_.find(request[2].to_string(), key) : nullptr;
    if (allowed) on_allowed_(request[3].to_string(), allowed);
    // Status 300 is a temporary failure: the peer is disconnected and retries. After 400 it would
    // never retry, even if its key were added to the folder of allowed keys (bus.allowed) later.
    const std::array<std::string, 6> reply{request[0].to_string(),
                                           request.size() > 1 ? request[1].to_string() : "",
                                           allowed ? "200" : "300",
                                           allowed ? "OK" : "no CURVE key that is allowed here",
                                           key,  // becomes the property "User-Id" of each message
                                           ""};
    for (std::size_t i = 0; i < reply.size(); ++i) {
        requests_.send(zmq::buffer(reply[i]),
                       i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
}

}  // namespace facebus::bus
