// Results and presence, over MQTT.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/metrics.hpp"
#include "gallery/match/snapshot.hpp"
#include "gateway/mqtt/mqtt_client.hpp"
#include "gateway/mqtt/mqtt_topics.hpp"
#include "gateway/mqtt/options.hpp"
#include "gateway/mqtt/presence.hpp"
#include "gateway/mqtt/retained_states.hpp"
#include "gateway/result_feed.hpp"
#include "service/runtime.hpp"

namespace facebus::gateway {

/// Tells an MQTT broker who is where, in a thread of its own, until runtime.stop is requested; see
/// docs/mqtt-and-webhooks.md for topics and promises. While the broker is away the newest state of
/// each topic and the last `mqtt.queue` results wait for it.
class MqttPublisher {
  public:
    using Gallery = std::function<std::shared_ptr<const gallery::Snapshot>()>;

    /// Throws StartupError (config) if `options` make no sense. `cameras` are those that are known
    /// from the start; `gallery` gives who is enrolled now.
    MqttPublisher(const service::Runtime& runtime, const MqttOptions& options,
                  const std::vector<std::string>& cameras, Gallery gallery);
    /// Requests runtime.stop, since an error at the start may be what ends it, and waits.
    ~MqttPublisher();
    MqttPublisher(const MqttPublisher&) = delete;
    MqttPublisher& operator=(const MqttPublisher&) = delete;

    /// What to give to a ResultFeed, which must not outlive this object.
    ResultListener listener();

  private:
    using News = std::variant<wire::Identity, wire::Track>;
    struct Arrival {
        News news;
        Monotonic::time_point time;
    };
    struct Event {
        std::string topic;
        std::string payload;
    };

    void put(News news);
    void run();
    void connected();
    void found(const std::string& topic, std::string_view payload);
    void take(const Arrival& arrival);
    void take_news();
    void tell_cameras(Monotonic::time_point now);
    void tell_people(const std::map<std::string, Presence::Camera>& cameras);
    void discover(const std::map<std::string, std::string>& configs);
    void set(const std::string& topic, Json state, bool empty);
    void send();
    void say_goodbye();

    const service::Runtime& runtime_;
    MqttOptions options_;
    Gallery gallery_;
    MqttTopics topics_;
    Presence presence_;
    RetainedStates states_;
    Counter published_;
    Counter dropped_;
    Counter passed_over_;
    Gauge is_connected_;
    Monotonic::time_point settled_;     ///< from when on what is retained at the broker is ours
    std::set<std::string> discovered_;  ///< cameras
    std::string people_version_;        ///< of the gallery whose people have been told of
    std::map<std::string, std::string> people_;  ///< their ids and names
    std::deque<Event> events_;

    std::mutex mutex_;
    std::deque<Arrival> inbox_;
    int wake_;  ///< an eventfd
    MqttClient client_;
    std::jthread thread_;
};

}  // namespace facebus::gateway
