#include "gateway/mqtt/mqtt_publisher.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.hpp"
#include "gateway/live/removed_people.hpp"
#include "gateway/mqtt/home_assistant.hpp"
#include "results/identity_json.hpp"
#include "wire/codec.hpp"

namespace facebus::gateway {
namespace {

using std::chrono::milliseconds;

// Maximum number of updates that wait for the publisher's thread, for example while it resolves a
// host name. If the update that ends a track is dropped, the track ends after mqtt.absent_after.
constexpr std::size_t max_updates = 10'000;
// Maximum age of a result to be published. An older result, which comes from the history, only
// changes the presence.
constexpr auto max_event_age = std::chrono::minutes(1);
// Maximum number of messages that were passed to the MQTT client and are not acknowledged by the
// MQTT broker yet. Further messages stay in this class, where newer states replace older ones and
// the number of events is limited.
constexpr std::size_t max_in_flight = 20;
// Interval at which the presence is updated even if no message arrives.
constexpr int tick_ms = 100;
// How long publish_offline() waits for acknowledgements.
constexpr auto disconnect_timeout = std::chrono::seconds(1);
constexpr std::string_view online = "online";
constexpr std::string_view offline = "offline";
constexpr std::size_t iso8601_size = 24;

milliseconds to_milliseconds(double seconds) {
    return milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

/// Returns `text` if it is a valid topic prefix. Otherwise throws FatalError (config), whose
/// message names `setting`.
std::string topic_prefix(const std::string& text, const std::string& setting, bool may_be_empty) {
    const bool valid_length = may_be_empty || !text.empty();
    if (valid_length && text.find_first_of("+#$ \"\\") == std::string::npos &&
        !text.starts_with('/') && !text.ends_with('/')) {
        return text;
    }
    throw FatalError(Exit::config, fmt::format("{}: \"{}\" is not a valid topic prefix; use "
                                               "letters and digits, separated by slashes",
                                               setting, text));
}

/// Throws FatalError (config) if an option from which topics are built is invalid.
MqttTopics make_topics(const MqttOptions& options) {
    if (!wire::valid_source(options.client_id)) {
        throw FatalError(Exit::config,
                         fmt::format("mqtt.client_id: \"{}\" is not a valid client id; use 1 to "
                                     "64 letters, digits, '_' and '-'",
                                     options.client_id));
    }
    return {topic_prefix(options.topic, "mqtt.topic", false),
            topic_prefix(options.discovery, "mqtt.discovery", true), options.client_id};
}

}  // namespace

MqttPublisher::MqttPublisher(const service::Runtime& runtime, const MqttOptions& options,
                             const std::vector<std::string>& cameras, Gallery gallery)
    : runtime_(runtime),
      options_(options),
      gallery_(std::move(gallery)),
      topics_(make_topics(options)),
      presence_({.absent_after = to_milliseconds(options.absent_after),
                 .linger = to_milliseconds(options.linger)}),
      published_(runtime.metrics.counter("facebus_mqtt_published_total",
                                         "Messages sent to the MQTT broker")),
      dropped_(runtime.metrics.counter("facebus_mqtt_dropped_total",
                                       "Results not published over MQTT because a queue was full")),
      skipped_(runtime.metrics.counter("facebus_presence_skipped_total",
                                       "Messages not used for presence because there were too many "
                                       "cameras or tracks")),
      is_connected_(runtime.metrics.gauge("facebus_mqtt_connected",
                                          "1 while connected to the MQTT broker, else 0")),
      startup_end_(Monotonic::now() + to_milliseconds(options.absent_after)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      client_({.host = options.host,
               .port = options.port,
               .user = options.user,
               .password = read_secret(options.password_file, "mqtt.password_file"),
               .tls = options.tls,
               .ca_file = options.ca_file,
               .client_id = options.client_id,
               .will_topic = topics_.availability(),
               .will = std::string(offline)},
              {.on_connected = [this] { on_connected(); },
               .on_retained = [this](const std::string& topic,
                                     std::string_view payload) { restore(topic, payload); },
               .on_lost =
                   [this](const Error& error) {
                       is_connected_.set(0);
                       runtime_.count_error(error);
                   }}) {
    states_.set(topics_.availability(), std::string(online));
    for (const auto& camera : cameras) presence_.add_camera(camera);
    thread_ = std::jthread([this] { run(); });
}

MqttPublisher::~MqttPublisher() {
    runtime_.stop.request();
    thread_.join();
    ::close(wake_);
}

ResultListener MqttPublisher::listener() {
    return {.identity = [this](const wire::Identity& identity, const Bytes&,
                               milliseconds age) { enqueue(identity, age); },
            .track = [this](const wire::Track& event) { enqueue(event, milliseconds(0)); },
            .status = {}};
}

void MqttPublisher::enqueue(Update update, milliseconds age) {
    {
        const std::lock_guard lock(mutex_);
        if (arrivals_.size() >= max_updates) {
            if (std::holds_alternative<wire::Identity>(arrivals_.front().update)) dropped_.add();
            arrivals_.pop_front();
        }
        arrivals_.push_back({std::move(update), age, Monotonic::now()});
    }
    eventfd_write(wake_, 1);
}

void MqttPublisher::run() {
    while (!runtime_.stop.requested()) {
        client_.work(tick_ms, wake_);
        eventfd_t ignored = 0;
        eventfd_read(wake_, &ignored);
        process_updates();
        publish_cameras(Monotonic::now());
        send();
    }
    publish_offline();
}

void MqttPublisher::on_connected() {
    runtime_.log.info("mqtt_connected", {{"host", options_.host}});
    is_connected_.set(1);
    for (const auto& pattern : topics_.patterns()) client_.subscribe(pattern);
    states_.resend_all();
}

/// Restores a camera, or the person that a camera saw last, from a retained message.
void MqttPublisher::restore(const std::string& topic, std::string_view payload) {
    states_.note_existing(topic);
    const auto camera = topics_.camera_of_presence(topic);
    if (!camera.empty()) presence_.add_camera(camera);
    const auto last = topics_.camera_of_last_person(topic);
    if (last.empty()) return;
    const auto json = Json::parse(payload, nullptr, false);
    const auto text = [&](const char* key) {
        const bool exists = json.is_object() && json.contains(key) && json[key].is_string();
        return exists ? json[key].get<std::string>() : std::string();
    };
    if (text("time").size() == iso8601_size) {
        presence_.add_last_seen(last, {text("id"), text("time")});
    }
}

void MqttPublisher::process_updates() {
    std::deque<Arrival> arrived;
    {
        const std::lock_guard lock(mutex_);
        arrived.swap(arrivals_);
    }
    for (const auto& arrival : arrived) process(arrival);
}

void MqttPublisher::process(const Arrival& arrival) {
    if (const auto* track = std::get_if<wire::Track>(&arrival.update)) {
        return presence_.update(*track, arrival.time);
    }
    const auto& identity = std::get<wire::Identity>(arrival.update);
    presence_.update(identity, arrival.age, arrival.time);
    if (arrival.age > max_event_age) return;
    if (events_.size() >= static_cast<std::size_t>(options_.queue)) {
        events_.pop_front();
        dropped_.add();
    }
    events_.push_back(identity);
}

/// Sets a retained state. `empty`: the state contains no person. In the first `mqtt.absent_after`
/// seconds after the start, ignores an empty state if this run has not set a state of the topic
/// yet, so that the MQTT broker keeps the state of the previous run: a person may be in view, but
/// the first message about their track may not have arrived yet.
void MqttPublisher::set_state(const std::string& topic, Json state, bool empty) {
    if (empty && Monotonic::now() < startup_end_ && !states_.contains(topic)) return;
    states_.set(topic, std::move(state), iso8601(utc_ns()));
}

/// Publishes the Home Assistant configurations of a device, unless discovery is off.
void MqttPublisher::publish_discovery(const std::map<std::string, std::string>& configs) {
    if (!topics_.discovery_enabled()) return;
    for (const auto& [topic, config] : configs) states_.set(topic, config);
}

void MqttPublisher::publish_cameras(Monotonic::time_point now) {
    const auto gallery = gallery_();
    const auto cameras = presence_.cameras(now);
    for (const auto& [name, camera] : cameras) {
        if (cameras_with_discovery_.insert(name).second)
            publish_discovery(camera_discovery(topics_, name));
        auto people = Json::array();
        for (const auto& id : camera.people) {
            // A person who was removed from the gallery in the meantime is counted but not listed.
            const auto person = gallery->name_of(id);
            if (person) people.push_back({{"id", id}, {"name", *person}});
        }
        set_state(topics_.presence(name),
                  {{"occupied", camera.count > 0}, {"count", camera.count}, {"people", people}},
                  camera.count == 0);
        Json last{{"id", nullptr}, {"name", nullptr}, {"time", nullptr}};
        if (const auto seen = presence_.last_seen().find(name);
            seen != presence_.last_seen().end()) {
            const auto& [id, time] = seen->second;
            const auto person = gallery->name_of(id);
            if (person) last = {{"id", id}, {"name", *person}, {"time", time}};
        }
        set_state(topics_.last_person(name), last, last["id"].is_null());
    }
    publish_people(cameras);
    skipped_.add(static_cast<double>(presence_.skipped()) - skipped_.value());
    if (now >= startup_end_) states_.remove_stale();
}

void MqttPublisher::publish_people(const std::map<std::string, Presence::Camera>& cameras) {
    const auto gallery = gallery_();
    if (gallery->version() != people_version_) {
        people_version_ = gallery->version();
        std::map<std::string, std::string> people;
        const auto max_subjects = static_cast<std::size_t>(options_.max_subjects);
        for (auto& [id, name] : gallery->names(max_subjects)) people.emplace(id, std::move(name));
        for (const auto& [id, name] : people_) {
            if (people.contains(id)) continue;
            states_.remove(topics_.person(id));
            for (const auto& [topic, config] : person_discovery(topics_, id, name)) {
                states_.remove(topic);
            }
        }
        people_ = std::move(people);
        for (const auto& [id, name] : people_)
            publish_discovery(person_discovery(topics_, id, name));
        if (max_subjects > 0 && gallery->subjects() > max_subjects) {
            runtime_.log.warning("too_many_subjects", {{"subjects", gallery->subjects()},
                                                       {"limit", max_subjects},
                                                       {"hint", "raise mqtt.max_subjects"}});
        }
    }
    for (const auto& [id, name] : people_) {
        auto seen_by = Json::array();
        for (const auto& [camera, state] : cameras) {
            if (state.people.contains(id)) seen_by.push_back(camera);
        }
        const bool present = !seen_by.empty();
        set_state(topics_.person(id), {{"present", present}, {"name", name}, {"cameras", seen_by}},
                  !present);
    }
}

void MqttPublisher::send() {
    while (client_.connected() && client_.in_flight() < max_in_flight) {
        if (auto state = states_.next()) {
            client_.publish(state->topic, state->payload, true);
        } else if (!events_.empty()) {
            // The person may have been removed while the event was queued.
            const auto event = without_removed(events_.front(), *gallery_());
            events_.pop_front();
            if (!event) continue;
            client_.publish(topics_.identity(event->head.src),
                            dump(results::identity_json(*event, results::Detail::event)), false);
        } else {
            return;
        }
        published_.add();
    }
}

/// Publishes `offline`, because the clean disconnect that follows does not trigger the last will.
/// Waits until the MQTT broker has acknowledged all messages, but at most for disconnect_timeout.
void MqttPublisher::publish_offline() {
    if (!client_.connected()) return;
    client_.publish(topics_.availability(), std::string(offline), true);
    const auto until = Monotonic::now() + disconnect_timeout;
    while (client_.connected() && client_.in_flight() > 0 && Monotonic::now() < until) {
        client_.work(tick_ms, wake_);
    }
}

}  // namespace facebus::gateway
