// Distributes the messages of the result topic to the parts of the gateway.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/bytes.hpp"
#include "gallery/match/snapshot.hpp"
#include "results/catch_up.hpp"
#include "results/result_stream.hpp"
#include "service/runtime.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// Callbacks of one part of the gateway, by kind of message. Empty callbacks are skipped. The
/// ResultFeed calls them on its thread, so they must not block.
struct ResultListener {
    /// Receives each result once; see results::CatchUp. `crop` is empty if the result has none or
    /// was read from the history. `age` is 0 if the result has just arrived from the broker. For a
    /// result read from the history, it is the time since it was added there. So it does not depend
    /// on the clocks of the broker and of this machine.
    std::function<void(const wire::Identity&, const Bytes& crop, std::chrono::milliseconds age)>
        identity{};
    std::function<void(const wire::Track&)> track{};
    std::function<void(const wire::Camera&)> camera{};
    std::function<void(const wire::Status&)> status{};
};

/// Subscribes to the result topic and passes messages to the listeners, on its own thread, until
/// runtime.stop is requested. Also passes on results from the history in Redis: at the start, those
/// that are not older than `age`; later, those that it has missed. If Redis is unavailable, results
/// of the topic still arrive, and missed results arrive later. Hides people who were removed from
/// the gallery; see without_removed().
class ResultFeed {
  public:
    /// Returns the current snapshot of the gallery.
    using Gallery = std::function<std::shared_ptr<const gallery::Snapshot>()>;

    /// Throws FatalError if `endpoint` (broker.results) is not a valid address.
    ResultFeed(const service::Runtime& runtime, const std::string& endpoint,
               const gallery::RedisOptions& redis, std::chrono::seconds age, Gallery gallery,
               std::vector<ResultListener> listeners);
    /// Joins the thread. Requires: runtime.stop was requested.
    ~ResultFeed();
    ResultFeed(const ResultFeed&) = delete;
    ResultFeed& operator=(const ResultFeed&) = delete;

  private:
    void run();

    const service::Runtime& runtime_;
    Gallery gallery_;
    std::vector<ResultListener> listeners_;
    results::ResultStream stream_;
    results::CatchUp catch_up_;
    std::thread thread_;
};

}  // namespace facebus::gateway
