// Options of the `track` service.
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
            "publish the position of each track, as a `moved` event, for every frame in which its "
            "face is detected");
        key("heartbeat", self.heartbeat, Range{0.1, 3600},
            "seconds between `moved` events of a track while publish_positions is off");
        key("outbox", self.outbox, Range{8, 1'000'000},
            "maximum number of unacknowledged probes and events; when it is reached, the oldest "
            "probe (or event, if there are no probes) is dropped if the camera is live, and the "
            "source waits if it is a file");
        key("resend", self.resend, Range{0.05, 3600},
            "seconds to wait for an acknowledgement before retransmitting");
    }
};

}  // namespace facebus::track
