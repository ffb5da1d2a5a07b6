// Options of the section `mqtt`.
#pragma once

#include <string>

#include "base/option.hpp"

namespace facebus::gateway {

struct MqttOptions {
    std::string host{};
    int port = 1883;
    std::string user{};
    std::string password_file{};
    bool tls = false;
    std::string ca_file{};
    std::string client_id = "facebus";
    std::string topic = "facebus";
    std::string discovery = "homeassistant";
    int max_subjects = 200;
    double absent_after = 20;
    double linger = 5;
    int queue = 1000;

    static void keys(auto& self, auto&& key) {
        key("host", self.host, "gateway: host of the MQTT broker; empty: MQTT is off");
        key("port", self.port, Range{1, 65535}, "port of the MQTT broker; usually 8883 with TLS");
        key("user", self.user, "user name; empty: no login");
        key("password_file", self.password_file, "file with the password; empty: no password");
        key("tls", self.tls, "connect with TLS and verify the broker's certificate");
        key("ca_file", self.ca_file,
            "TLS: certificate of the authority that signed the broker's certificate; empty: the "
            "system's authorities");
        key("client_id", self.client_id,
            "MQTT client id of this gateway, also used in topics and Home Assistant; unique per "
            "gateway");
        key("topic", self.topic, "prefix of all topics; unique per gateway");
        key("discovery", self.discovery,
            "prefix of Home Assistant's discovery topics; empty: no discovery");
        key("max_subjects", self.max_subjects, Range{0, 10'000},
            "maximum number of subjects with a presence topic; 0: cameras only");
        key("absent_after", self.absent_after, Range{0.2, 3600},
            "seconds without a message after which a track has ended; more than track.heartbeat");
        key("linger", self.linger, Range{0, 3600},
            "seconds that a person stays present after their track ended, to bridge the gap to "
            "the next track");
        key("queue", self.queue, Range{1, 1'000'000},
            "results queued while the MQTT broker is unavailable; when full, the oldest is "
            "dropped");
    }
};

}  // namespace facebus::gateway
