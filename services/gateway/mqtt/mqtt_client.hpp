// Connection to an MQTT broker. The only file that uses libmosquitto.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace facebus::gateway {

/// Publishes with QoS 1 (at least once) and reconnects automatically, with delays that grow from
/// half a second to half a minute. Does all its work, including calls of the handlers, inside
/// work(). Not thread-safe.
class MqttClient {
  public:
    struct Options {
        std::string host;
        int port = 1883;
        std::string user{};  ///< empty: no login
        std::string password{};
        bool tls = false;
        std::string ca_file{};  ///< empty: the system's authorities
        std::string client_id;
        /// Last will: the broker publishes it, retained, when the connection is lost.
        std::string will_topic;
        std::string will;
    };
    struct Handlers {
        /// A connection is established. It has no subscriptions yet.
        std::function<void()> connected;
        /// Receives the retained messages of subscribed topics.
        std::function<void(const std::string& topic, std::string_view payload)> retained;
        /// The connection failed or was lost. The error is `unavailable`.
        std::function<void(const Error&)> lost;
    };

    /// Does not connect yet. Throws FatalError (config) if the CA file can't be used.
    MqttClient(Options options, Handlers handlers);
    /// Disconnects cleanly, so that the broker does not publish the last will.
    ~MqttClient();
    MqttClient(const MqttClient&) = delete;
    MqttClient& operator=(const MqttClient&) = delete;

    /// Connects, reads and writes as needed. Blocks for up to `wait_ms` or until `wake` is
    /// readable. Resolving the host name can block longer.
    void work(int wait_ms, int wake);

    /// Subscribes to all topics that match `pattern`.
    void subscribe(const std::string& pattern);
    /// Sends a message, and repeats it after a reconnect until the broker acknowledges it.
    /// Requires: connected().
    void publish(const std::string& topic, const std::string& payload, bool retain);

    [[nodiscard]] bool connected() const;
    /// Returns the number of messages that the broker has not acknowledged. They are kept in
    /// memory, so callers bound this number before they publish.
    [[nodiscard]] std::size_t in_flight() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::gateway
