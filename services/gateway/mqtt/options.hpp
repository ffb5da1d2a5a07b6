// Settings of the connection to an MQTT broker.
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
        key("host", self.host, "gateway: host of the MQTT broker; none: off");
        key("port", self.port, Range{1, 65535}, "its port; 8883 is usual with TLS");
        key("user", self.user, "user to log in as; none: without");
        key("password_file", self.password_file, "file with the password; none: without");
        key("tls", self.tls, "connect with TLS, and check the broker's certificate");
        key("ca_file", self.ca_file,
            "TLS: certificate of the authority that signed the broker's; none: the system's");
        key("client_id", self.client_id,
            "name of this gateway at the broker, in topics and in Home Assistant; each gateway "
            "needs its own");
        key("topic", self.topic, "what all topics begin with; each gateway needs its own");
        key("discovery", self.discovery,
            "what the topics of Home Assistant's discovery begin with; empty: no discovery");
        key("max_subjects", self.max_subjects, Range{0, 10'000},
            "people of the gallery who get a presence at most; 0: nobody, only cameras do");
        key("absent_after", self.absent_after, Range{0.2, 3600},
            "seconds without a word of a track after which it is over: more than track.heartbeat");
        key("linger", self.linger, Range{0, 3600},
            "seconds that somebody stays present after the last track: the next may follow");
        key("queue", self.queue, Range{1, 1'000'000},
            "results that wait while the broker is away; beyond them the oldest are dropped");
    }
};

}  // namespace facebus::gateway
