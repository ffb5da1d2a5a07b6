// Publishes results and presence over MQTT.
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

/// Publishes on its own thread until runtime.stop is requested. Topics and guarantees are described
/// in docs/mqtt-and-webhooks.md. If the MQTT broker is unavailable, queues the newest state of each
/// topic and the last `mqtt.queue` results.
class MqttPublisher {
  public:
    using Gallery = std::function<std::shared_ptr<const gallery::Snapshot>()>;

    /// `cameras` are the configured cameras; `gallery` returns the current snapshot. Throws
    /// FatalError (config) if an option is invalid.
    MqttPublisher(const service::Runtime& runtime, const MqttOptions& options,
                  const std::vector<std::string>& cameras, Gallery gallery);
    /// Requests runtime.stop and joins the thread. (After a startup error nobody else requests it.)
    ~MqttPublisher();
    MqttPublisher(const MqttPublisher&) = delete;
    MqttPublisher& operator=(const MqttPublisher&) = delete;

    /// Returns the listener for a ResultFeed, which must not outlive this object.
    ResultListener listener();

  private:
    using Update = std::variant<wire::Identity, wire::Track>;
    struct Arrival {
        Update update;
        Monotonic::time_point time;
    };
    struct Event {
        std::string topic;
        std::string payload;
    };

    void put(Update update);
    void run();
    void connected();
    void restore(const std::string& topic, std::string_view payload);
    void process(const Arrival& arrival);
    void process_updates();
    void publish_cameras(Monotonic::time_point now);
    void publish_people(const std::map<std::string, Presence::Camera>& cameras);
    void discover(const std::map<std::string, std::string>& configs);
    void set(const std::string& topic, Json state, bool empty);
    void send();
    void disconnect();

    const service::Runtime& runtime_;
    MqttOptions options_;
    Gallery gallery_;
    MqttTopics topics_;
    Presence presence_;
    RetainedStates states_;
    Counter published_;
    Counter dropped_;
    Counter skipped_;
    Gauge is_connected_;
    Monotonic::time_point settled_;              ///< end of the start-up phase, see set()
    std::set<std::string> discovered_;           ///< cameras with published discovery messages
    std::string people_version_;                 ///< version of the gallery that `people_` is from
    std::map<std::string, std::string> people_;  ///< names by subject id
    std::deque<Event> events_;

    std::mutex mutex_;
    std::deque<Arrival> arrivals_;
    int wake_;  ///< eventfd that ends MqttClient::work() when an update arrives
    MqttClient client_;
    std::jthread thread_;
};

}  // namespace facebus::gateway
