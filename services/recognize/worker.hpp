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

/// Requests one batch of probes at a time from the broker, and returns an identity for each probe.
/// Not thread-safe.
class Worker {
  public:
    /// Loads the network and the gallery, and connects to the broker. Throws FatalError if a
    /// model is missing or Redis is unavailable.
    Worker(service::Runtime& runtime, const Options& options, const std::string& broker_endpoint,
           const gallery::RedisOptions& redis, const gallery::CalibrationOptions& calibration);

    /// Blocks until the runtime stops.
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
