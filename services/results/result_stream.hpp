// Reading the result topic.
#pragma once

#include <functional>
#include <string>

#include "base/pulse.hpp"
#include "base/stop.hpp"
#include "bus/socket.hpp"
#include "wire/messages.hpp"

namespace facebus::results {

/// What to do with each kind of message; a handler that is empty is not called. A handler that
/// gives false ends the reading.
struct ResultHandlers {
    std::function<bool(const wire::Identity&)> wanted{};  ///< false: passed over
    std::function<bool(const wire::Identity&, const Bytes& crop)> identity;
    std::function<bool(const wire::Track&)> track;
    std::function<bool(const wire::Camera&)> camera{};
    std::function<bool(const wire::Status&)> status;
    std::function<void(const bus::Message&)>
        raw;                                  ///< every message that decoded, before the others
    std::function<void(const Error&)> error;  ///< a message that did not decode
    std::function<bool()> idle;               ///< called at least every 200 ms
};

/// A subscription to the result topic. Not thread-safe.
class ResultStream {
  public:
    ResultStream(bus::Context& context, const std::string& endpoint, const Stop& stop);

    /// Reads until a handler gives false or the stop is requested; true for the former.
    bool read(const ResultHandlers& handlers);

    /// What read() does with each message; false: a handler gave false.
    static bool handle(const bus::Message& message, const ResultHandlers& handlers);

  private:
    const Stop& stop_;
    Pulse pulse_;
    bus::Socket socket_;
};

}  // namespace facebus::results
