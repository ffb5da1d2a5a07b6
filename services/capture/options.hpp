// Options of the `capture` service and of its cameras.
#pragma once

#include <string>

#include "base/option.hpp"

namespace facebus::capture {

/// Whether late frames are dropped (live) or capture waits for the next stage (lossless).
/// `automatic` means lossless for files and folders, otherwise live.
enum class Pace { automatic, live, lossless };

/// Options of one camera.
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
        key("frame_rate", self.frame_rate, Range{0, 1000},
            "maximum frames per second; 0: no limit");
        key("loop", self.loop, "restart a file or folder when it ends");
    }
};

/// Options that apply to all cameras.
struct Options {
    double reconnect_min = 0.5;
    double reconnect_max = 30;
    double freeze_timeout = 10;
    bool exit_at_end = true;

    static void keys(auto& self, auto&& key) {
        key("reconnect_min", self.reconnect_min, Range{0.01, 3600},
            "delay before the first attempt to reconnect, in seconds; doubled after every failure");
        key("reconnect_max", self.reconnect_max, Range{0.01, 3600},
            "maximum delay before an attempt to reconnect, in seconds");
        key("freeze_timeout", self.freeze_timeout, Range{0, 3600},
            "seconds that a device or stream may deliver identical images before it is reopened; "
            "0: no limit");
        key("exit_at_end", self.exit_at_end,
            "exit when all cameras have ended; a device, stream or looped source never ends");
    }
};

}  // namespace facebus::capture
