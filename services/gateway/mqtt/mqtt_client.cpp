#include "gateway/mqtt/mqtt_client.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <mosquitto.h>
#include <poll.h>

#include "base/clock.hpp"

namespace facebus::gateway {
namespace {

using std::chrono::milliseconds;

constexpr int keep_alive_s = 15;
constexpr milliseconds first_delay(500);
constexpr milliseconds max_delay(30'000);
// Deadline for the MQTT broker's response to a connection attempt.
constexpr milliseconds connect_timeout(10'000);
// A connection that lasted this long resets the reconnect delay.
constexpr milliseconds stable_after(10'000);

// MQTT quality of service.
constexpr int at_least_once = 1;

}  // namespace

struct MqttClient::Impl {
    Options options;
    Handlers handlers;
    mosquitto* client = nullptr;
    bool active = false;          ///< connecting or connected
    bool accepted = false;        ///< the MQTT broker accepted the connection
    Monotonic::time_point since;  ///< when `active` or `accepted` last became true
    Monotonic::time_point next_attempt = Monotonic::now();
    milliseconds delay = first_delay;
    std::size_t in_flight = 0;

    Impl(Options o, Handlers h) : options(std::move(o)), handlers(std::move(h)) {}

    void create() {
        mosquitto_lib_init();
        client = mosquitto_new(options.client_id.c_str(), true, this);
        if (client == nullptr) throw FatalError(Exit::software, "mqtt: out of memory");
        mosquitto_connect_callback_set(client, [](mosquitto*, void* self, int code) {
            static_cast<Impl*>(self)->on_connack(code);
        });
        mosquitto_publish_callback_set(client, [](mosquitto*, void* self, int) {
            auto& count = static_cast<Impl*>(self)->in_flight;
            if (count > 0) --count;
        });
        mosquitto_message_callback_set(
            client, [](mosquitto*, void* self, const mosquitto_message* message) {
                static_cast<Impl*>(self)->on_message(*message);
            });
        mosquitto_will_set(client, options.will_topic.c_str(),
                           static_cast<int>(options.will.size()), options.will.data(),
                           at_least_once, true);
        if (!options.user.empty()) {
            mosquitto_username_pw_set(client, options.user.c_str(), options.password.c_str());
        }
        if (options.tls) set_up_tls();
    }

    void set_up_tls() {
        // If no file is given, the library requires a folder. In Debian, /etc/ssl/certs contains
        // the system's CAs.
        const char* file = options.ca_file.empty() ? nullptr : options.ca_file.c_str();
        const char* folder = options.ca_file.empty() ? "/etc/ssl/certs" : nullptr;
        const int set = mosquitto_tls_set(client, file, folder, nullptr, nullptr, nullptr);
        if (set != MOSQ_ERR_SUCCESS) {
            throw FatalError(Exit::config,
                             fmt::format("mqtt.ca_file: cannot use the CA certificates in {}: {}",
                                         file != nullptr ? file : folder, mosquitto_strerror(set)));
        }
    }

    void try_to_connect() {
        active = true;
        accepted = false;
        since = Monotonic::now();
        const int code =
            mosquitto_connect_async(client, options.host.c_str(), options.port, keep_alive_s);
        if (code != MOSQ_ERR_SUCCESS) connection_lost(mosquitto_strerror(code));
    }

    void on_connack(int code) {
        if (code != 0) return connection_lost(mosquitto_connack_string(code));
        accepted = true;
        since = Monotonic::now();
        handlers.on_connected();
    }

    void on_message(const mosquitto_message& message) {
        // A message without the retain flag was published just now, by this program or another
        // client. Only the messages that the MQTT broker has stored matter here.
        if (!message.retain || message.payloadlen <= 0) return;
        handlers.on_retained(message.topic, {static_cast<const char*>(message.payload),
                                             static_cast<std::size_t>(message.payloadlen)});
    }

    /// Reports a failed or broken connection and schedules the next attempt.
    void connection_lost(const std::string& why) {
        if (!active) return;
        const auto now = Monotonic::now();
        if (accepted && now - since >= stable_after) delay = first_delay;
        active = accepted = false;
        next_attempt = now + delay;
        delay = std::min(delay * 2, max_delay);
        handlers.on_lost(
            {ErrorKind::unavailable,
             fmt::format("no connection to the MQTT broker {}:{}: {}; check the MQTT broker and "
                         "the settings mqtt.*",
                         options.host, options.port, why)});
    }

    /// Waits for the socket or `wake`, then lets the library read, write and send keep-alive
    /// messages.
    void exchange(int wait_ms, int wake) {
        const int socket = mosquitto_socket(client);
        if (socket < 0) return connection_lost("the connection was closed");
        const bool write = mosquitto_want_write(client);
        std::array<pollfd, 2> polled{
            pollfd{.fd = socket,
                   .events = static_cast<short>(write ? POLLIN | POLLOUT : POLLIN),
                   .revents = 0},
            pollfd{.fd = wake, .events = POLLIN, .revents = 0}};
        poll(polled.data(), polled.size(), wait_ms);
        int code = MOSQ_ERR_SUCCESS;
        if ((polled[0].revents & ~POLLOUT) != 0) code = mosquitto_loop_read(client, 1);
        if (code == MOSQ_ERR_SUCCESS && (polled[0].revents & POLLOUT) != 0) {
            code = mosquitto_loop_write(client, 1);
        }
        if (code == MOSQ_ERR_SUCCESS) code = mosquitto_loop_misc(client);
        if (code != MOSQ_ERR_SUCCESS) return connection_lost(mosquitto_strerror(code));
        if (active && !accepted && Monotonic::now() - since >= connect_timeout)
            connection_lost("no response");
    }
};

MqttClient::MqttClient(Options options, Handlers handlers)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handlers))) {
    impl_->create();
}

MqttClient::~MqttClient() {
    if (impl_->accepted) mosquitto_disconnect(impl_->client);
    mosquitto_destroy(impl_->client);
    mosquitto_lib_cleanup();
}

void MqttClient::work(int wait_ms, int wake) {
    if (!impl_->active) {
        const auto left =
            std::chrono::ceil<milliseconds>(impl_->next_attempt - Monotonic::now()).count();
        if (left > 0) {
            pollfd polled{.fd = wake, .events = POLLIN, .revents = 0};
            poll(&polled, 1, static_cast<int>(std::min<long>(left, wait_ms)));
            return;
        }
        impl_->try_to_connect();
        if (!impl_->active) return;
    }
    impl_->exchange(wait_ms, wake);
}

void MqttClient::subscribe(const std::string& pattern) {
    mosquitto_subscribe(impl_->client, nullptr, pattern.c_str(), at_least_once);
}

void MqttClient::publish(const std::string& topic, const std::string& payload, bool retain) {
    const int code =
        mosquitto_publish(impl_->client, nullptr, topic.c_str(), static_cast<int>(payload.size()),
                          payload.data(), at_least_once, retain);
    // Even after these errors the library keeps the message and sends it after a reconnect.
    const bool queued = code == MOSQ_ERR_SUCCESS || code == MOSQ_ERR_NO_CONN ||
                        code == MOSQ_ERR_CONN_LOST || code == MOSQ_ERR_ERRNO;
    if (queued) ++impl_->in_flight;
}

bool MqttClient::connected() const {
    return impl_->accepted;
}

std::size_t MqttClient::in_flight() const {
    return impl_->in_flight;
}

}  // namespace facebus::gateway
