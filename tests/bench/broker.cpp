// Measures the throughput of a broker, in probes per second.
//
// bench.broker PROBES WORKERS COUNT connects a simulated edge to the endpoint PROBES of a broker
// and a simulated worker to its endpoint WORKERS. The edge sends COUNT probes with a crop of 77 kB
// each. The worker responds immediately.
//
// For comparison, bench.broker relay COUNT sends the same probes and responses through a ZeroMQ
// proxy, which decodes and stores nothing.
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "base/clock.hpp"
#include "base/image.hpp"
#include "wire/codec.hpp"

namespace {

using namespace facebus;

constexpr std::size_t window = 512;  // maximum number of sent probes without a response
constexpr std::uint32_t batch = 32;  // number of probes that the worker requests at first

void send(zmq::socket_t& socket, const std::string& peer, const std::string& topic,
          const std::string& header, std::string_view payload) {
    if (!peer.empty()) socket.send(zmq::buffer(peer), zmq::send_flags::sndmore);
    socket.send(zmq::buffer(topic), zmq::send_flags::sndmore);
    socket.send(zmq::buffer(header), zmq::send_flags::sndmore);
    socket.send(zmq::buffer(payload));
}

/// Simulates a worker that responds to every probe immediately. If `relayed` is true, probes come
/// through the proxy. Their first ZeroMQ frame is then the address of the edge, and the response
/// begins with the same frame.
void simulate_worker(zmq::context_t& context, const std::string& endpoint, bool relayed) {
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    socket.connect(endpoint);
    std::uint64_t seq = 0;
    const auto send_credit = [&](std::uint32_t probes) {
        const wire::Credit credit{.head = {.src = "worker", .seq = ++seq, .ts = utc_ns(), .t = {}},
                                  .credit = probes};
        send(socket, "", wire::topic(credit), wire::encode(credit), {});
    };
    if (!relayed) send_credit(batch);
    std::uint32_t responses = 0;
    try {
        while (true) {
            std::vector<zmq::message_t> frames;
            if (!zmq::recv_multipart(socket, std::back_inserter(frames))) continue;
            const auto probe = wire::decode<wire::Probe>(frames[frames.size() - 2].to_string(),
                                                         frames.back().size());
            if (!probe) continue;
            wire::Identity identity{
                .head = probe->head, .probe = probe->probe, .track = probe->track};
            identity.decision = wire::Decision::unknown;
            identity.model = "m";
            identity.gallery = "0-0";
            identity.head.seq = ++seq;
            send(socket, relayed ? frames.front().to_string() : "", wire::topic(identity),
                 wire::encode(identity), {});
            if (!relayed && ++responses == batch / 2) {
                responses = 0;
                send_credit(batch / 2);
            }
        }
    } catch (const zmq::error_t&) {
        // The context was shut down.
    }
}

/// Simulates an edge that sends `count` probes. Returns the throughput in probes per second.
double simulate_edge(zmq::context_t& context, const std::string& endpoint, std::size_t count) {
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::sndhwm, 0);
    socket.connect(endpoint);
    const std::string crop(crop_bytes, '\0');
    std::size_t sent = 0;
    std::size_t done = 0;
    const auto start = std::chrono::steady_clock::now();
    while (done < count) {
        for (; sent < count && sent - done < window; ++sent) {
            const auto track = fmt::format("bench-{}", sent);
            const wire::Probe probe{
                .head = {.src = "bench", .seq = sent + 1, .ts = utc_ns(), .t = {}},
                .probe = track + "/1",
                .track = track,
                .box = {1, 2, 80, 100},
                .quality = {40, 60, 0.5F, 0.9F, 0.9F}};
            send(socket, "", wire::topic(probe), wire::encode(probe), crop);
        }
        std::vector<zmq::message_t> frames;
        if (zmq::recv_multipart(socket, std::back_inserter(frames))) ++done;
    }
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    return static_cast<double>(count) / spent.count();
}

}  // namespace

int main(int argc, char** argv) {
    const bool relayed = argc == 3 && std::string(argv[1]) == "relay";
    if (argc != 4 && !relayed) {
        fmt::print(stderr, "usage: bench.broker PROBES WORKERS COUNT | bench.broker relay COUNT\n");
        return 64;
    }
    const std::size_t count = std::stoul(argv[argc - 1]);
    const std::string probes = relayed ? "ipc:///tmp/facebus-bench-front" : argv[1];
    const std::string workers = relayed ? "ipc:///tmp/facebus-bench-back" : argv[2];
    zmq::context_t context;
    zmq::context_t relay_context;
    std::thread relay;
    if (relayed) {
        relay = std::thread([&] {
            zmq::socket_t front(relay_context, zmq::socket_type::router);
            zmq::socket_t back(relay_context, zmq::socket_type::dealer);
            for (auto* socket : {&front, &back}) socket->set(zmq::sockopt::linger, 0);
            front.bind(probes);
            back.bind(workers);
            try {
                zmq::proxy(front, back);
            } catch (const zmq::error_t&) {
                // The context was shut down.
            }
        });
    }
    std::thread worker([&] { simulate_worker(context, workers, relayed); });
    const double rate = simulate_edge(context, probes, count);
    fmt::print("{:.0f}\n", rate);
    context.shutdown();
    relay_context.shutdown();
    worker.join();
    if (relay.joinable()) relay.join();
}
