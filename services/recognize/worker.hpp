// The main loop of facebus-recognize.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bus/socket.hpp"
#include "live_gallery/gallery_watcher.hpp"
#include "recognize/options.hpp"
#include "recognize/recognizer.hpp"
#include "recognize/track_cache.hpp"
#include "service/runtime.hpp"

namespace facebus::recognize {

/// Requests one batch of probes at a time from the broker, and sends one identity per valid probe
/// to the broker. Not thread-safe.
class Worker {
  public:
    /// Loads the network and the gallery, and connects to the broker. Throws `FatalError` if the
    /// model is missing, Redis is unavailable, or the endpoint is invalid.
    Worker(service::Runtime& runtime, const Options& options, const std::string& broker_endpoint,
           const gallery::RedisOptions& redis, const gallery::CalibrationOptions& calibration);

    /// Processes probes until a stop is requested.
    void run();

  private:
    std::vector<ProbeItem> receive();
    void process(const std::vector<ProbeItem>& items);
    void send_credit();

    service::Runtime& runtime_;
    Options options_;
    Recognizer recognizer_;
    live_gallery::GalleryWatcher watcher_;
    TrackCache tracks_;
    bus::Socket broker_;
    std::uint64_t seq_ = 0;
    Histogram seconds_;
    Counter faces_;
};

}  // namespace facebus::recognize
