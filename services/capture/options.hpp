// Settings of capture and of its cameras.
#pragma once

#include <string>

#include "base/option.hpp"

namespace facebus::capture {

enum class Pace { automatic, live, lossless };

/// Settings of one camera.
struct CameraOptions {
    std::string source{};
    Pace pace = Pace::automatic;
    double frame_rate = 0;
    bool loop = false;

    static void keys(auto& self, auto&& key) {
        key("source", self.source,
            "device, rtsp:// or http:// URL, video file or folder of images");
        key("pace", self.pace,
            Choices<Pace>{
                {{"auto", Pace::automatic}, {"live", Pace::live}, {"lossless", Pace::lossless}}},
            "live: real time, dropping late frames; lossless: every frame, as fast as the slowest "
            "stage; auto: lossless for files and folders, else live");
        key("frame_rate", self.frame_rate, Range{0, 1000}, "maximum frames per second; 0: all");
        key("loop", self.loop, "restart a file when it ends");
    }
};

struct Options {
    double reconnect_first = 0.5;
    double reconnect_longest = 30;
    double still_limit = 10;
    bool exit_at_end = true;

    static void keys(auto& self, auto&& key) {
        key("reconnect_first", self.reconnect_first, Range{0.01, 3600},
            "seconds before the first attempt to reconnect");
        key("reconnect_longest", self.reconnect_longest, Range{0.01, 3600},
            "maximum seconds between two attempts to reconnect");
        key("still_limit", self.still_limit, Range{0, 3600},
            "seconds after which a stream is reopened if its image is identical bit for bit; "
            "0: never");
        key("exit_at_end", self.exit_at_end, "exit when all files have ended");
    }
};

}  // namespace facebus::capture
