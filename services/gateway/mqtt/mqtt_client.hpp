// Connection to an MQTT broker. Only mqtt_client.cpp uses libmosquitto.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus::gateway {

/// MQTT client that publishes with QoS 1 (at least once). Reconnects automatically, with delays
/// that grow from half a second to half a minute. Connects and receives only in work(), which also
/// calls the handlers. Not thread-safe.
class MqttClient {
  public:
    struct Options {
        std::string host;
        int port = 1883;
        std::string user{};  ///< empty: no login
        std::string password{};
        bool tls = false;
        std::string ca_file{};  ///< CA certificates (PEM file); empty: the system's CAs
        std::string client_id;
        std::string will_topic;  ///< topic of the last will
        std::string will;        ///< retained payload of the last will
    };
    struct Handlers {
        /// Called when a connection is established. A new connection has no subscriptions.
        std::function<void()> on_connected;
        /// Called for each message that the MQTT broker had retained on the subscribed topics.
        std::function<void(const std::string& topic, std::string_view payload)> on_retained;
        /// Called when connecting failed or the connection was lost. The error is `unavailable`.
        std::function<void(const Error&)> on_lost;
    };

    /// Does not connect yet. Throws FatalError (config) if the CA certificates cannot be used.
    MqttClient(Options options, Handlers handlers);
    /// Disconnects cleanly, so that the MQTT broker does not publish the last will.
    ~MqttClient();
    MqttClient(const MqttClient&) = delete;
    MqttClient& operator=(const MqttClient&) = delete;

    /// Connects, reads and writes as needed. Blocks until data arrives, pending data can be sent,
    /// the file descriptor `wake` is readable, or `wait_ms` have passed. Without a connection, also
    /// returns when the next attempt to connect is due or fails. Resolving the host name can take
    /// longer.
    void work(int wait_ms, int wake);

    /// Subscribes to all topics that match `pattern`. Requires: connected().
    void subscribe(const std::string& pattern);
    /// Sends a message. Sends it again after every reconnect until the MQTT broker has acknowledged
    /// it. Requires: connected().
    void publish(const std::string& topic, const std::string& payload, bool retain);

    [[nodiscard]] bool connected() const;
    /// Returns the number of messages that the MQTT broker has not acknowledged. They are kept in
    /// memory, so callers must limit this number.
    [[nodiscard]] std::size_t in_flight() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::gateway
