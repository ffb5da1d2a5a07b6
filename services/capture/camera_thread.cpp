#include "capture/camera_thread.hpp"

#include <list>

#include "bus/stream.hpp"
#include "service/stream_metrics.hpp"

namespace facebus::capture {
namespace {

// Maximum time in ms to send the remaining frames of a camera after a stop request.
constexpr int linger_ms = 5000;

}  // namespace

CameraThread::CameraThread(service::Runtime& runtime, std::string name, const CameraOptions& camera,
                           const Options& options)
    : runtime_(runtime),
      name_(std::move(name)),
      source_(vision::without_credentials(camera.source)),
      camera_(name_, camera, options, runtime.stop),
      // Connect here, not in the thread, so that the caller can catch the FatalError.
      output_(runtime.connect_input(wire::stages.at(wire::index_of("capture") + 1), linger_ms)),
      frames_(
          runtime.metrics.counter("facebus_frames_total", "Frames captured", {{"camera", name_}})),
      dropped_(
          runtime.metrics.counter("facebus_dropped_total", service::StreamMetrics::dropped_help,
                                  {{"camera", name_}, {"stage", "capture"}, {"reason", "full"}})),
      up_(runtime.metrics.gauge("facebus_camera_up", "1 while the camera is open, otherwise 0",
                                {{"camera", name_}})),
      disconnects_(runtime.metrics.counter("facebus_camera_disconnects_total",
                                           "Times that the camera failed or could not be opened",
                                           {{"camera", name_}})) {
    runtime.health.set_check("camera " + name_, false, "not opened yet");
    thread_ = std::jthread([this] { run(); });
}

CameraThread::~CameraThread() {
    if (thread_.joinable()) thread_.join();
    if (!runtime_.stop.requested()) output_.lossless.linger_until_sent();
}

void CameraThread::run() {
    const bus::Poller poller(runtime_.stop, runtime_.heartbeat);
    bus::StreamWriter writer(output_, poller);
    const auto send = [&](wire::Frame& frame, const Bytes& pixels) {
        if (!frame.stream.end) frames_.add();
        const bool sent = writer.send(frame, pixels) && writer.wait();
        dropped_.add(static_cast<double>(writer.dropped()) - dropped_.value());
        return sent;
    };
    const auto ended = camera_.run(
        {.frame = send,
         .opened = [this] { on_opened(); },
         .disconnected = [this](const Error& error,
                                double retry_seconds) { on_disconnected(error, retry_seconds); },
         .alive = [this] { runtime_.heartbeat.beat(); }});
    if (!ended) {
        failure_ = ended.error();
        runtime_.health.set_check("camera " + name_, false, failure_->message);
    } else if (!runtime_.stop.requested()) {
        runtime_.health.set_check("camera " + name_, true, "ended");
        const auto frames = static_cast<std::uint64_t>(frames_.value());
        runtime_.log.info("camera_ended", {{"camera", name_}, {"frames", frames}});
    }
    up_.set(0);
}

void CameraThread::on_opened() {
    up_.set(1);
    runtime_.health.set_check("camera " + name_, true, "open");
    runtime_.log.info("camera_opened", {{"camera", name_}, {"source", source_}});
}

void CameraThread::on_disconnected(const Error& error, double retry_seconds) {
    up_.set(0);
    disconnects_.add();
    runtime_.health.set_check("camera " + name_, false, error.message);
    runtime_.log.warning(
        "camera_disconnected",
        {{"camera", name_}, {"reason", error.message}, {"retry_s", retry_seconds}});
}

void serve(service::Runtime& runtime, const std::map<std::string, CameraOptions>& cameras,
           const Options& options) {
    if (cameras.empty()) {
        throw FatalError(Exit::config,
                         "no camera is configured; add one under `cameras:` in facebus.yaml");
    }
    std::list<CameraThread> threads;
    for (const auto& [name, camera] : cameras) {
        threads.emplace_back(runtime, name, camera, options);
    }
    runtime.ready();
    std::optional<Error> failure;
    for (auto& thread : threads) {
        thread.join();
        if (thread.failure()) failure = thread.failure();
    }
    if (failure) throw FatalError(exit_code(*failure), failure->message);
    if (!options.exit_at_end) {
        while (!runtime.stop.wait_ms(1000)) runtime.heartbeat.beat();
    }
}

}  // namespace facebus::capture
