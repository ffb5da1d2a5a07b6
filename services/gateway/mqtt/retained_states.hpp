// Retained messages that the gateway publishes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "json.hpp"

namespace facebus::gateway {

/// Current states, one per MQTT topic, and a queue of changes to publish. The MQTT broker stores
/// the state of a topic as its retained message. The queue has at most one message per topic: the
/// newest. Not thread-safe.
class RetainedStates {
  public:
    struct Message {
        std::string topic;
        std::string payload;  ///< empty: the MQTT broker deletes the topic's retained message
    };

    /// Sets a JSON state and queues it, with the additional field `since`. Does nothing if `state`
    /// equals the current state; the field then keeps its earlier value.
    void set(const std::string& topic, Json state, const std::string& since);
    /// Sets a plain-text state and queues it. Does nothing if it equals the current state.
    void set(const std::string& topic, const std::string& text);
    /// Returns whether the topic has a state.
    [[nodiscard]] bool contains(const std::string& topic) const {
        return payloads_.contains(topic);
    }
    /// Records that the MQTT broker already has a retained message on this topic, for example from
    /// an earlier run of the gateway. Ignores further topics after 50,000.
    void note_existing(const std::string& topic);
    /// Queues the removal of retained messages that are out of date: those on topics that were
    /// passed to note_existing() and have no state.
    void remove_stale();
    /// Removes the state of a topic and queues the removal of its retained message. Does nothing if
    /// the topic has no state.
    void remove(const std::string& topic);

    /// Queues all states again. Must be called after a reconnect, because the MQTT broker may have
    /// lost its retained messages.
    void resend_all();
    /// Takes the next message to publish from the queue. Returns nothing if the queue is empty.
    std::optional<Message> next();

  private:
    void put(const std::string& topic, std::string payload);

    std::map<std::string, std::string> payloads_;  ///< current payload of each topic
    std::map<std::string, Json> states_;           ///< JSON states by topic, without `since`
    std::set<std::string> existing_;               ///< topics that remove_stale() will check
    std::set<std::string> pending_;                ///< topics whose payload or removal must be sent
};

}  // namespace facebus::gateway
