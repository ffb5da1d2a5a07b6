// Retained MQTT messages of this gateway.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "json.hpp"

namespace facebus::gateway {

/// Tracks the retained messages that the MQTT broker should hold, and which of them are still to
/// be sent. Queues only the newest state per topic, so the queue is bounded. Not thread-safe.
class RetainedStates {
  public:
    struct Message {
        std::string topic;
        std::string payload;  ///< empty: clears the topic at the broker
    };

    /// Sets a JSON state. Adds `since` to it, which keeps its value until another field changes.
    void set(const std::string& topic, Json state, const std::string& since);
    /// Sets a plain text.
    void set(const std::string& topic, const std::string& text);
    [[nodiscard]] bool contains(const std::string& topic) const { return texts_.contains(topic); }
    /// Records that the broker holds this topic, possibly from an earlier run.
    void found(const std::string& topic);
    /// Clears all found topics that have not been set by now.
    void remove_stale();
    /// Clears a topic.
    void remove(const std::string& topic);

    /// Queues all states again, after a reconnect: the broker may have lost them.
    void resend_all();
    /// Returns the next message to publish, or nothing if the broker is up to date.
    std::optional<Message> next();

  private:
    void put(const std::string& topic, std::string text);

    std::map<std::string, std::string> texts_;
    std::map<std::string, Json> states_;  ///< without `since`
    std::set<std::string> found_;
    std::set<std::string> pending_;
};

}  // namespace facebus::gateway
