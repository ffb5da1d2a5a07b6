#include "gateway/mqtt/mqtt_publisher.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.hpp"
#include "gateway/mqtt/home_assistant.hpp"
#include "results/identity_json.hpp"
#include "wire/codec.hpp"

namespace facebus::gateway {
namespace {

using std::chrono::milliseconds;

// What the feed brings while the thread waits for a name server. A lost end is made up for by
// silence.
constexpr std::size_t most_news = 10'000;
// Results that came while nobody was here to tell them are told if they are no older.
constexpr auto oldest_event = std::chrono::minutes(1);
constexpr std::size_t most_under_way = 20;
constexpr int tick_ms = 100;
constexpr auto goodbye = std::chrono::seconds(1);
constexpr std::string_view online = "online";
constexpr std::string_view offline = "offline";
constexpr std::size_t iso8601_size = 24;

milliseconds to_milliseconds(double seconds) {
    return milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

/// Throws StartupError that names the setting.
std::string topic_part(const std::string& text, const std::string& setting, bool may_be_empty) {
    const bool good = may_be_empty || !text.empty();
    if (good && text.find_first_of("+#$ \"\\") == std::string::npos && !text.starts_with('/') &&
        !text.ends_with('/')) {
        return text;
    }
    throw StartupError(Exit::config, fmt::format("{}: \"{}\" can't begin a topic; use letters, "
                                                 "digits and slashes between them",
                                                 setting, text));
}

MqttTopics topics(const MqttOptions& set) {
    if (!wire::valid_source(set.client_id)) {
        throw StartupError(Exit::config,
                           fmt::format("mqtt.client_id: \"{}\" can't be one; use 1 to 64 letters, "
                                       "digits, '_' and '-'",
                                       set.client_id));
    }
    return {topic_part(set.topic, "mqtt.topic", false),
            topic_part(set.discovery, "mqtt.discovery", true), set.client_id};
}

std::chrono::nanoseconds age_of(const wire::Identity& identity) {
    return std::chrono::nanoseconds(utc_ns() -
                                    identity.head.t["publish"].value_or(identity.head.ts));
}

}  // namespace

MqttPublisher::MqttPublisher(const service::Runtime& runtime, const MqttOptions& options,
                             const std::vector<std::string>& cameras, Gallery gallery)
    : runtime_(runtime),
      options_(options),
      gallery_(std::move(gallery)),
      topics_(topics(options)),
      presence_({.absent_after = to_milliseconds(options.absent_after),
                 .linger = to_milliseconds(options.linger)}),
      published_(runtime.metrics.counter("facebus_mqtt_published_total",
                                         "Messages handed over to the MQTT broker")),
      dropped_(runtime.metrics.counter("facebus_mqtt_dropped_total",
                                       "Results that were not told over MQTT, because too many "
                                       "waited for the broker")),
      passed_over_(runtime.metrics.counter("facebus_presence_skipped_total",
                                           "Messages of too many cameras or tracks, which count "
                                           "for nobody's presence")),
      is_connected_(runtime.metrics.gauge("facebus_mqtt_connected",
                                          "Whether there is a connection to the MQTT broker")),
      settled_(Monotonic::now() + to_milliseconds(options.absent_after)),
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
              {.connected = [this] { connected(); },
               .retained = [this](const std::string& topic,
                                  std::string_view payload) { found(topic, payload); },
               .lost =
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
    return {.identity = [this](const wire::Identity& identity, const Bytes&) { put(identity); },
            .track = [this](const wire::Track& event) { put(event); },
            .status = {}};
}

void MqttPublisher::put(News news) {
    {
        const std::lock_guard lock(mutex_);
        if (inbox_.size() >= most_news) {
            if (std::holds_alternative<wire::Identity>(inbox_.front().news)) dropped_.add();
            inbox_.pop_front();
        }
        inbox_.push_back({std::move(news), Monotonic::now()});
    }
    eventfd_write(wake_, 1);
}

void MqttPublisher::run() {
    while (!runtime_.stop.requested()) {
        client_.work(tick_ms, wake_);
        eventfd_t ignored = 0;
        eventfd_read(wake_, &ignored);
        take_news();
        tell_cameras(Monotonic::now());
        send();
    }
    say_goodbye();
}

void MqttPublisher::connected() {
    runtime_.log.info("mqtt_connected", {{"host", options_.host}});
    is_connected_.set(1);
    for (const auto& pattern : topics_.patterns()) client_.subscribe(pattern);
    states_.start_again();
}

/// What the broker holds from before: cameras are known again, and who was seen last.
void MqttPublisher::found(const std::string& topic, std::string_view payload) {
    states_.found(topic);
    const auto camera = topics_.camera_of_presence(topic);
    if (!camera.empty()) presence_.add_camera(camera);
    const auto last = topics_.camera_of_last_person(topic);
    if (last.empty()) return;
    const auto json = Json::parse(payload, nullptr, false);
    const auto text = [&](const char* key) {
        const bool there = json.is_object() && json.contains(key) && json[key].is_string();
        return there ? json[key].get<std::string>() : std::string();
    };
    if (text("time").size() == iso8601_size) {
        presence_.add_last_seen(last, {text("id"), text("time")});
    }
}

void MqttPublisher::take_news() {
    std::deque<Arrival> arrived;
    {
        const std::lock_guard lock(mutex_);
        arrived.swap(inbox_);
    }
    for (const auto& arrival : arrived) take(arrival);
}

void MqttPublisher::take(const Arrival& arrival) {
    if (const auto* track = std::get_if<wire::Track>(&arrival.news)) {
        return presence_.take(*track, arrival.time);
    }
    const auto& identity = std::get<wire::Identity>(arrival.news);
    const auto age = age_of(identity);
    presence_.take(identity, age, arrival.time);
    if (age > oldest_event) return;
    if (events_.size() >= static_cast<std::size_t>(options_.queue)) {
        events_.pop_front();
        dropped_.add();
    }
    events_.push_back({topics_.identity(identity.head.src),
                       dump(results::identity_json(identity, results::Detail::event))});
}

/// Sets a state that the broker is to keep. So soon after the start nobody was heard of, which does
/// not mean that nobody is there: what was told before stands until it had time to be confirmed.
void MqttPublisher::set(const std::string& topic, Json state, bool empty) {
    if (empty && Monotonic::now() < settled_ && !states_.contains(topic)) return;
    states_.set(topic, std::move(state), iso8601(utc_ns()));
}

void MqttPublisher::discover(const std::map<std::string, std::string>& configs) {
    if (!topics_.discovers()) return;
    for (const auto& [topic, config] : configs) states_.set(topic, config);
}

void MqttPublisher::tell_cameras(Monotonic::time_point now) {
    const auto gallery = gallery_();
    const auto cameras = presence_.cameras(now);
    for (const auto& [name, camera] : cameras) {
        if (discovered_.insert(name).second) discover(camera_discovery(topics_, name));
        auto people = Json::array();
        for (const auto& id : camera.people) {
            // Whoever was removed meanwhile is counted, and named no more.
            const auto person = gallery->name_of(id);
            if (person) people.push_back({{"id", id}, {"name", *person}});
        }
        set(topics_.presence(name),
            {{"occupied", camera.count > 0}, {"count", camera.count}, {"people", people}},
            camera.count == 0);
        Json last{{"id", nullptr}, {"name", nullptr}, {"time", nullptr}};
        if (const auto seen = presence_.last_seen().find(name);
            seen != presence_.last_seen().end()) {
            const auto& [id, time] = seen->second;
            const auto person = gallery->name_of(id);
            if (person) last = {{"id", id}, {"name", *person}, {"time", time}};
        }
        set(topics_.last_person(name), last, last["id"].is_null());
    }
    tell_people(cameras);
    passed_over_.add(static_cast<double>(presence_.passed_over()) - passed_over_.value());
    if (now >= settled_) states_.forget_strangers();
}

void MqttPublisher::tell_people(const std::map<std::string, Presence::Camera>& cameras) {
    const auto gallery = gallery_();
    if (gallery->version() != people_version_) {
        people_version_ = gallery->version();
        std::map<std::string, std::string> people;
        const auto most = static_cast<std::size_t>(options_.max_subjects);
        for (auto& [id, name] : gallery->names(most)) people.emplace(id, std::move(name));
        for (const auto& [id, name] : people_) {
            if (people.contains(id)) continue;
            states_.remove(topics_.person(id));
            for (const auto& [topic, config] : person_discovery(topics_, id, name)) {
                states_.remove(topic);
            }
        }
        people_ = std::move(people);
        for (const auto& [id, name] : people_) discover(person_discovery(topics_, id, name));
        if (gallery->subjects() > people_.size()) {
            runtime_.log.warning("people_beyond_limit", {{"subjects", gallery->subjects()},
                                                         {"limit", people_.size()},
                                                         {"do", "raise mqtt.max_subjects"}});
        }
    }
    for (const auto& [id, name] : people_) {
        auto where = Json::array();
        for (const auto& [camera, state] : cameras) {
            if (state.people.contains(id)) where.push_back(camera);
        }
        const bool present = !where.empty();
        set(topics_.person(id), {{"present", present}, {"name", name}, {"cameras", where}},
            !present);
    }
}

void MqttPublisher::send() {
    while (client_.connected() && client_.under_way() < most_under_way) {
        if (auto state = states_.next()) {
            client_.publish(state->topic, state->payload, true);
        } else if (!events_.empty()) {
            client_.publish(events_.front().topic, events_.front().payload, false);
            events_.pop_front();
        } else {
            return;
        }
        published_.add();
    }
}

/// Said rather than left to the last will, which an orderly end does not set off.
void MqttPublisher::say_goodbye() {
    if (!client_.connected()) return;
    client_.publish(topics_.availability(), std::string(offline), true);
    const auto until = Monotonic::now() + goodbye;
    while (client_.connected() && client_.under_way() > 0 && Monotonic::now() < until) {
        client_.work(tick_ms, wake_);
    }
}

}  // namespace facebus::gateway
