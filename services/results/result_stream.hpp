// Reads the result topic.
#pragma once

#include <functional>
#include <string>

#include "base/heartbeat.hpp"
#include "base/stop.hpp"
#include "bus/socket.hpp"
#include "wire/messages.hpp"

namespace facebus::results {

/// Handlers per kind of message. Empty handlers are not called. A handler that returns false ends
/// the reading.
struct ResultHandlers {
    std::function<bool(const wire::Identity&)> wanted{};  ///< false: skip this identity
    std::function<bool(const wire::Identity&, const Bytes& crop)> identity;
    std::function<bool(const wire::Track&)> track;
    std::function<bool(const wire::Camera&)> camera{};
    std::function<bool(const wire::Status&)> status;
    std::function<void(const bus::Message&)>
        raw;                                  ///< every handled message, before its own handler
    std::function<void(const Error&)> error;  ///< a message that can't be decoded
    std::function<bool()> idle;               ///< called at least every 200 ms
};

/// A subscription to the result topic. Not thread-safe.
class ResultStream {
  public:
    ResultStream(bus::Context& context, const std::string& endpoint, const Stop& stop);

    /// Blocks until a handler returns false or a stop is requested. Returns true in the first case.
    bool read(const ResultHandlers& handlers);

    /// Handles one message as read() does. Returns false if a handler returned false.
    static bool handle(const bus::Message& message, const ResultHandlers& handlers);

  private:
    const Stop& stop_;
    Heartbeat heartbeat_;
    bus::Socket socket_;
};

}  // namespace facebus::results
