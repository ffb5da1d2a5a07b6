// A connection to an MQTT broker: the only place that speaks to libmosquitto.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace facebus::gateway {

/// Publishes at least once (QoS 1), and connects again by itself: half a second after the
/// connection is gone, then less and less often, every half a minute at last. Works only inside of
/// work(), which also calls the handlers. Not thread-safe.
class MqttClient {
  public:
    struct Options {
        std::string host;
        int port = 1883;
        std::string user{};  ///< empty: no login
        std::string password{};
        bool tls = false;
        std::string ca_file{};  ///< empty: the system's
        std::string client_id;
        /// The last will: what the broker tells, retained, when the connection breaks.
        std::string will_topic;
        std::string will;
    };
    struct Handlers {
        /// A connection is up; nothing is subscribed to yet.
        std::function<void()> connected;
        /// What the broker held of a topic that was subscribed to.
        std::function<void(const std::string& topic, std::string_view payload)> retained;
        /// No connection came about, or it is gone. Unavailable.
        std::function<void(const Error&)> lost;
    };

    /// Does not connect yet. Throws StartupError (config) if the CA file can't be used.
    MqttClient(Options options, Handlers handlers);
    /// Disconnects, so that the broker does not tell the last will.
    ~MqttClient();
    MqttClient(const MqttClient&) = delete;
    MqttClient& operator=(const MqttClient&) = delete;

    /// Reads and writes what there is; waits for it so long, or until `wake` is readable. A name
    /// server that does not answer can keep it longer.
    void work(int wait_ms, int wake);

    /// Asks for the topics that match.
    void subscribe(const std::string& pattern);
    /// Sends a message, and again after a new connection, until the broker has it. Precondition:
    /// connected().
    void publish(const std::string& topic, const std::string& payload, bool retain);

    [[nodiscard]] bool connected() const;
    /// Messages that the broker has not acknowledged: what publish() takes is kept until then, so
    /// look at this before.
    [[nodiscard]] std::size_t under_way() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::gateway
