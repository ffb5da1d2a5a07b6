// Subscribes to the result topic of the broker.
#pragma once

#include <functional>
#include <string>

#include "base/heartbeat.hpp"
#include "base/stop.hpp"
#include "bus/socket.hpp"
#include "wire/messages.hpp"

namespace facebus::results {

/// Functions that ResultStream calls. Empty functions are not called. `identity`, `track`, `camera`
/// and `status` handle one kind of message each; if one of them is empty, the messages of its kind
/// are skipped. If one of them or `idle` returns false, ResultStream::read() returns.
struct ResultHandlers {
    /// Called for every identity message before `raw` and `identity`. Returns false to skip the
    /// message.
    std::function<bool(const wire::Identity&)> wanted{};
    std::function<bool(const wire::Identity&, const Bytes& crop)> identity;
    std::function<bool(const wire::Track&)> track;
    std::function<bool(const wire::Camera&)> camera{};
    std::function<bool(const wire::Status&)> status;
    /// Called for every decoded message that is not skipped, before the handler for its kind.
    std::function<void(const bus::Message&)> raw;
    std::function<void(const Error&)> error;  ///< called if a message cannot be received or decoded
    /// Called after each batch of up to 1,000 messages, and every 200 ms while no message arrives.
    std::function<bool()> idle;
};

/// A subscription to the result topic. Not thread-safe.
class ResultStream {
  public:
    /// Subscribes to all messages. `endpoint`: see broker.results. Throws `FatalError` if the
    /// endpoint is malformed or requires keys that are not configured. Requires: `context` and
    /// `stop` outlive this object.
    ResultStream(bus::Context& context, const std::string& endpoint, const Stop& stop);

    /// Receives messages and calls the handlers. Returns true after `identity`, `track`, `camera`,
    /// `status` or `idle` has returned false. Returns false after a stop request.
    bool read(const ResultHandlers& handlers);

    /// Calls the handlers for one message. Returns false if the handler for the kind of the message
    /// returned false.
    static bool handle(const bus::Message& message, const ResultHandlers& handlers);

  private:
    const Stop& stop_;
    Heartbeat heartbeat_;
    bus::Socket socket_;
};

}  // namespace facebus::results
