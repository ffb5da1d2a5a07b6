// Retained messages that the gateway publishes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "json.hpp"

namespace facebus::gateway {

/// Current state of each topic, which the MQTT broker stores as a retained message, and the queue
/// of states that have not been sent yet. The queue contains only the newest state of each topic,
/// so its length is limited. Not thread-safe.
class RetainedStates {
  public:
    struct Message {
        std::string topic;
        std::string payload;  ///< empty: the MQTT broker deletes the topic's retained message
    };

    /// Sets a JSON state and adds the field `since` to it. If `state` is the same as before, the
    /// field keeps its previous value, and nothing is queued.
    void set(const std::string& topic, Json state, const std::string& since);
    /// Sets a plain-text state.
    void set(const std::string& topic, const std::string& text);
    /// Returns whether the topic has a state.
    [[nodiscard]] bool contains(const std::string& topic) const {
        return payloads_.contains(topic);
    }
    /// Records that the MQTT broker already has a retained message on this topic, for example from
    /// an earlier run of the gateway.
    void note_existing(const std::string& topic);
    /// Removes the retained messages of all topics that were passed to note_existing() and have no
    /// state.
    void remove_stale();
    /// Removes the state of a topic and its retained message, if the topic has a state.
    void remove(const std::string& topic);

    /// Queues all states again. Must be called after a reconnect, because the MQTT broker may have
    /// lost its retained messages.
    void resend_all();
    /// Returns the next message to publish, or nothing if the queue is empty.
    std::optional<Message> next();

  private:
    void put(const std::string& topic, std::string payload);

    std::map<std::string, std::string> payloads_;  ///< current payload of each topic
    std::map<std::string, Json> states_;           ///< JSON states by topic, without `since`
    std::set<std::string> existing_;               ///< topics passed to note_existing()
    std::set<std::string> pending_;                ///< topics whose payload or removal must be sent
};

}  // namespace facebus::gateway
