// Options of the `track` service.
#pragma once

#include "base/option.hpp"
#include "vision/track/tracker.hpp"

namespace facebus::track {

struct Options {
    vision::TrackerOptions tracker{};
    bool publish_positions = false;
    double heartbeat = 5;
    int outbox = 1024;
    double resend = 3;

    static void keys(auto& self, auto&& key) {
        vision::TrackerOptions::keys(self.tracker, key);
        key("publish_positions", self.publish_positions,
            "publish the position of each track, as a `moved` event, for every frame in which its "
            "face is detected");
        key("heartbeat", self.heartbeat, Range{0.1, 3600},
            "seconds between `moved` events of a track while publish_positions is off");
        key("outbox", self.outbox, Range{8, 1'000'000},
            "maximum number of unacknowledged probes (78 kB each) and events of live cameras, and "
            "of "
            "lossless ones. When it is reached, lossless cameras wait, and the live camera with "
            "the "
            "most of them loses its oldest probe (or event, if it has no probes)");
        key("resend", self.resend, Range{0.05, 3600},
            "seconds to wait for an acknowledgement before retransmitting; the time doubles with "
            "each retransmission, up to a minute");
    }
};

}  // namespace facebus::track
