#include "results/result_stream.hpp"

#include "wire/codec.hpp"

namespace facebus::results {
namespace {

constexpr int idle_ms = 200;
constexpr int max_batch = 1000;  // maximum number of messages between two calls of `idle`

/// Decodes a message. If `wanted` returns true for it, calls `handlers.raw` and then `handler`. If
/// the message cannot be decoded, calls `handlers.error`. Returns false if `handler` returned
/// false.
template <class M>
bool dispatch(const bus::Message& message, const ResultHandlers& handlers, auto&& wanted,
              auto&& handler) {
    const auto decoded = wire::decode<M>(message.header, message.payload.size());
    if (!decoded) {
        if (handlers.error) handlers.error(decoded.error());
        return true;
    }
    if (!wanted(*decoded)) return true;
    if (handlers.raw) handlers.raw(message);
    return handler(*decoded);
}

}  // namespace

ResultStream::ResultStream(bus::Context& context, const std::string& endpoint, const Stop& stop)
    : stop_(stop), socket_(context, bus::SocketType::subscribe, {.receive_queue = 100'000}) {
    socket_.connect(endpoint, "broker.results");
    socket_.subscribe("");
}

bool ResultStream::read(const ResultHandlers& handlers) {
    const bus::Poller poller(stop_, heartbeat_);
    while (poller.wait_readable(socket_, idle_ms)) {
        for (int i = 0; i < max_batch; ++i) {
            const auto received = socket_.try_receive();
            if (!received) {
                if (handlers.error) handlers.error(received.error());
                continue;
            }
            if (!*received) break;
            if (!handle((*received)->message, handlers)) return true;
        }
        if (handlers.idle && !handlers.idle()) return true;
    }
    return false;
}

bool ResultStream::handle(const bus::Message& message, const ResultHandlers& handlers) {
    const auto kind = wire::kind(message.topic);
    const auto always = [](const auto&) { return true; };
    if (kind == wire::Identity::kind && handlers.identity) {
        return dispatch<wire::Identity>(
            message, handlers,
            [&](const wire::Identity& identity) {
                return !handlers.wanted || handlers.wanted(identity);
            },
            [&](const wire::Identity& identity) {
                return handlers.identity(identity, message.payload);
            });
    }
    if (kind == wire::Track::kind && handlers.track) {
        return dispatch<wire::Track>(message, handlers, always, handlers.track);
    }
    if (kind == wire::Camera::kind && handlers.camera) {
        return dispatch<wire::Camera>(message, handlers, always, handlers.camera);
    }
    if (kind == wire::Status::kind && handlers.status) {
        return dispatch<wire::Status>(message, handlers, always, handlers.status);
    }
    return true;
}

}  // namespace facebus::results
