// Options of the configuration section `mqtt`.
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
        key("host", self.host, "host of the MQTT broker; empty: MQTT is off");
        key("port", self.port, Range{1, 65535}, "port of the MQTT broker; usually 8883 with TLS");
        key("user", self.user, "user name for the MQTT broker; empty: no login");
        key("password_file", self.password_file,
            "file with the password of mqtt.user; empty: no password");
        key("tls", self.tls, "true: connect with TLS and verify the MQTT broker's certificate");
        key("ca_file", self.ca_file,
            "TLS: PEM file with the CA certificates for verifying the MQTT broker; empty: the "
            "system's CAs");
        key("client_id", self.client_id,
            "MQTT client id of this gateway, also used in topics and by Home Assistant; must be "
            "different for each gateway");
        key("topic", self.topic,
            "prefix of all topics except discovery topics; must be different for each gateway");
        key("discovery", self.discovery,
            "prefix of the Home Assistant discovery topics; empty: no discovery");
        key("max_subjects", self.max_subjects, Range{0, 10'000},
            "maximum number of subjects with a presence topic; 0: cameras only");
        key("absent_after", self.absent_after, Range{0.2, 3600},
            "seconds without a message about a track after which the track counts as ended; must "
            "be more than track.heartbeat");
        key("linger", self.linger, Range{0, 3600},
            "seconds for which a person stays present after their track ends, to bridge the gap to "
            "their next track");
        key("queue", self.queue, Range{1, 1'000'000},
            "maximum number of results waiting to be sent, for example while the MQTT broker is "
            "unavailable; if there are more, the oldest are dropped");
    }
};

}  // namespace facebus::gateway
