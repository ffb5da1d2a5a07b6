// What an MQTT broker is to hold for whoever comes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "json.hpp"

namespace facebus::gateway {

/// The retained messages of this program, and which of them the broker has still to be given. Only
/// the newest state of a topic waits, so what waits has a bound. Not thread-safe.
class RetainedStates {
  public:
    struct Message {
        std::string topic;
        std::string payload;  ///< empty: the broker is to forget the topic
    };

    /// Sets a state. `since` is put into it as `since`, and stays as long as the rest is the same.
    void set(const std::string& topic, Json state, const std::string& since);
    /// Sets a text.
    void set(const std::string& topic, const std::string& text);
    [[nodiscard]] bool contains(const std::string& topic) const { return texts_.contains(topic); }
    /// The broker has this topic; unless it is one of ours by the next forget_strangers(), it is
    /// from before and goes then.
    void found(const std::string& topic);
    void forget_strangers();
    /// Takes a topic back.
    void remove(const std::string& topic);

    /// All has to be given again, because it is another connection or another broker.
    void start_again();
    /// The next message to give; nothing if the broker has all.
    std::optional<Message> next();

  private:
    void put(const std::string& topic, std::string text);

    std::map<std::string, std::string> texts_;
    std::map<std::string, Json> states_;  ///< without `since`
    std::set<std::string> found_;
    std::set<std::string> waiting_;
};

}  // namespace facebus::gateway
