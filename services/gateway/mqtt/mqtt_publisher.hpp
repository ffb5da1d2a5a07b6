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

/// Publishes results and presence on its own thread until runtime.stop is requested. Topics and
/// guarantees are described in docs/mqtt-and-webhooks.md. While the MQTT broker is unavailable,
/// keeps the newest state of each topic and the latest `mqtt.queue` results.
class MqttPublisher {
  public:
    using Gallery = std::function<std::shared_ptr<const gallery::Snapshot>()>;

    /// `cameras` are the names of the configured cameras. `gallery` returns the current snapshot of
    /// the gallery. Throws FatalError (config) if an option is invalid.
    MqttPublisher(const service::Runtime& runtime, const MqttOptions& options,
                  const std::vector<std::string>& cameras, Gallery gallery);
    /// Requests runtime.stop and joins the thread. After an error at start-up, nothing else
    /// requests the stop.
    ~MqttPublisher();
    MqttPublisher(const MqttPublisher&) = delete;
    MqttPublisher& operator=(const MqttPublisher&) = delete;

    /// Returns the callbacks for a ResultFeed. The feed must not outlive this object.
    ResultListener listener();

  private:
    using Update = std::variant<wire::Identity, wire::Track>;
    struct Arrival {
        Update update;
        std::chrono::milliseconds age;  ///< of a result when it arrived; see ResultListener
        Monotonic::time_point time;     ///< when the update arrived
    };

    void enqueue(Update update, std::chrono::milliseconds age);
    void run();
    void on_connected();
    void restore(const std::string& topic, std::string_view payload);
    void process(const Arrival& arrival);
    void process_updates();
    void publish_cameras(Monotonic::time_point now);
    void publish_people(const std::map<std::string, Presence::Camera>& cameras);
    void publish_discovery(const std::map<std::string, std::string>& configs);
    void set_state(const std::string& topic, Json state, bool empty);
    void send();
    void publish_offline();

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
    Monotonic::time_point startup_end_;             ///< end of the start-up phase; see set_state()
    std::set<std::string> cameras_with_discovery_;  ///< cameras passed to publish_discovery()
    std::string people_version_;                 ///< version of the gallery that `people_` is from
    std::map<std::string, std::string> people_;  ///< names of people with a presence topic, by id
    std::deque<wire::Identity> events_;          ///< queue of results to be published

    std::mutex mutex_;              ///< protects `arrivals_`
    std::deque<Arrival> arrivals_;  ///< updates that the thread has not processed yet
    int wake_;                      ///< eventfd that ends MqttClient::work() when an update arrives
    MqttClient client_;
    std::jthread thread_;
};

}  // namespace facebus::gateway
