// facebus-recognize: probes from the broker, identities back.
#include <algorithm>
#include <deque>
#include <unordered_map>

#include "bus/socket.hpp"
#include "gallery/tracks/track_memory.hpp"
#include "gallery_settings.hpp"
#include "live_gallery/gallery_watcher.hpp"
#include "recognize/recognizer.hpp"
#include "service/runtime.hpp"
#include "vision/network/threads.hpp"
#include "wire/codec.hpp"

namespace {

using namespace facebus;
using namespace facebus::recognize;

/// The faces of each track: in Redis, where all workers see them, and here for when Redis is away.
class Memory {
  public:
    Memory(service::Runtime& runtime, const std::string& model_id)
        : runtime_(runtime),
          shared_(redis_options(runtime.settings), runtime.settings.recognize.track_ttl, model_id) {
    }

    std::vector<gallery::Probe> remember(const std::string& track, const gallery::Probe& probe) {
        const auto& own = keep(track, probe);
        if (Monotonic::now() < next_try_) return own;
        auto all = shared_.append(track, probe);
        if (all) return with_missing(std::move(*all), own);
        runtime_.count_error(all.error());
        // One probe waits for the time-out. If each did, the broker would take this worker for
        // dead.
        if (all.error().kind == ErrorKind::unavailable) next_try_ = Monotonic::now() + retry;
        return own;
    }

  private:
    static constexpr auto retry = std::chrono::seconds(2);

    static constexpr std::size_t tracks = 1000;
    static constexpr std::size_t probes = 64;

    /// What Redis gave, and those that it did not get because it was away.
    static std::vector<gallery::Probe> with_missing(std::vector<gallery::Probe> all,
                                                    const std::vector<gallery::Probe>& own) {
        const auto before = all.size();
        for (const auto& probe : own) {
            if (all.size() >= probes) break;
            if (std::ranges::find(all, probe.id, &gallery::Probe::id) == all.end()) {
                all.push_back(probe);
            }
        }
        if (all.size() > before) std::ranges::sort(all, {}, &gallery::Probe::id);
        return all;
    }

    const std::vector<gallery::Probe>& keep(const std::string& track, const gallery::Probe& probe) {
        if (!own_.contains(track)) {
            order_.push_back(track);
            if (order_.size() > tracks) {
                own_.erase(order_.front());
                order_.pop_front();
            }
        }
        auto& seen = own_[track];
        const bool again = std::ranges::any_of(
            seen, [&](const gallery::Probe& other) { return other.id == probe.id; });
        if (!again && seen.size() < probes) seen.push_back(probe);
        return seen;
    }

    service::Runtime& runtime_;
    gallery::TrackMemory shared_;
    std::unordered_map<std::string, std::vector<gallery::Probe>> own_;
    std::deque<std::string> order_;
    Monotonic::time_point next_try_;
};

class Worker {
  public:
    explicit Worker(service::Runtime& runtime)
        : runtime_(runtime),
          recognizer_(runtime.models, runtime.settings.recognize.engine == "onnxruntime"
                                          ? vision::Engine::onnxruntime
                                          : vision::Engine::opencv),
          watcher_(runtime, recognizer_.model_id()),
          memory_(runtime, recognizer_.model_id()),
          broker_(runtime.context, bus::Pattern::dealer),
          seconds_(runtime.metrics.histogram("facebus_batch_seconds", "Time that a batch takes")),
          faces_(runtime.metrics.counter("facebus_faces_recognized_total", "Faces recognised")) {
        broker_.connect(runtime.settings.broker.workers, "broker.workers");
    }

    void run() {
        const bus::Poller poller(runtime_.stop, runtime_.pulse);
        runtime_.ready();
        ask();
        while (poller.wait_readable(broker_, 1000)) {
            const auto items = receive();
            if (!items.empty()) answer(items);
            ask();
        }
    }

  private:
    std::vector<ProbeItem> receive() {
        std::vector<ProbeItem> items;
        while (items.size() < static_cast<std::size_t>(runtime_.settings.recognize.batch)) {
            auto received = broker_.try_receive();
            if (!received) {
                runtime_.count_error(received.error());
                continue;
            }
            if (!*received) break;
            auto& raw = (*received)->message;
            auto probe = wire::decode<wire::Probe>(raw.header, raw.payload.size());
            if (!probe) {
                runtime_.count_error(probe.error());
                continue;
            }
            items.push_back({std::move(*probe), {crop_side, crop_side, std::move(raw.payload)}});
        }
        return items;
    }

    void answer(const std::vector<ProbeItem>& items) {
        const auto start = Monotonic::now();
        const auto view = watcher_.view();
        auto identities = recognizer_.process(items, *view.snapshot, view.policy,
                                              [this](const auto& track, const auto& probe) {
                                                  return memory_.remember(track, probe);
                                              });
        for (std::size_t i = 0; i < identities.size(); ++i) {
            auto& identity = identities[i];
            identity.head.seq = ++seq_;
            const bool crop =
                runtime_.settings.recognize.crops && !identity.ignored.value_or(false);
            const auto payload = crop ? items[i].crop.pixels : Bytes();
            // If the broker is gone it has forgotten who holds the probe; the edge sends it again.
            broker_.try_send({wire::topic(identity), wire::encode(identity), payload});
        }
        faces_.add(static_cast<double>(items.size()));
        seconds_.observe(std::chrono::duration<double>(Monotonic::now() - start).count());
    }

    /// Says that this worker is alive and idle.
    void ask() {
        const auto view = watcher_.view();
        const wire::Credit credit{
            .head = {.src = runtime_.instance, .seq = ++seq_, .ts = utc_ns(), .t = {}},
            .credit = static_cast<std::uint32_t>(runtime_.settings.recognize.batch),
            .model = recognizer_.model_id(),
            .gallery = view.snapshot->version(),
            .gallery_stale = watcher_.stale(),
            .subjects = view.snapshot->subjects(),
            .samples = view.snapshot->samples()};
        broker_.try_send({wire::topic(credit), wire::encode(credit), Bytes()});
    }

    service::Runtime& runtime_;
    Recognizer recognizer_;
    live_gallery::GalleryWatcher watcher_;
    Memory memory_;
    bus::Socket broker_;
    std::uint64_t seq_ = 0;
    Histogram seconds_;
    Counter faces_;
};

}  // namespace

int main(int argc, char** argv) {
    return facebus::service::run(
        "recognize", argc, argv, [](const auto& settings) { return settings.recognize.health; },
        [](auto& runtime) {
            facebus::vision::use_threads(runtime.settings.threads);
            Worker(runtime).run();
        });
}
