// Settings of track.
#pragma once

#include "base/option.hpp"
#include "vision/track/tracker.hpp"

namespace facebus::track {

struct Options {
    vision::TrackerOptions tracker{};
    bool publish_positions = false;
    double heartbeat = 5;
    int outbox = 256;
    double resend = 3;

    static void keys(auto& self, auto&& key) {
        vision::TrackerOptions::keys(self.tracker, key);
        key("publish_positions", self.publish_positions,
            "publish the position of every track in every frame");
        key("heartbeat", self.heartbeat, Range{0.1, 3600},
            "seconds between two reports that a track continues, if publish_positions is off");
        key("outbox", self.outbox, Range{8, 1'000'000},
            "maximum number of probes and events kept until they are acknowledged");
        key("resend", self.resend, Range{0.05, 3600},
            "seconds to wait for an acknowledgement before sending again");
    }
};

}  // namespace facebus::track
