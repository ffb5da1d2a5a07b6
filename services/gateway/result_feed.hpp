// Distributes the messages of the result topic to the parts of the gateway.
#pragma once

#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "base/bytes.hpp"
#include "results/catch_up.hpp"
#include "results/result_stream.hpp"
#include "service/runtime.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// Callbacks of a part of the gateway that receives results. Empty callbacks are skipped. The
/// ResultFeed calls them on its thread, so they must not block.
struct ResultListener {
    /// Receives each result once; see results::CatchUp. `crop` is empty if the result has none or
    /// was read from the history.
    std::function<void(const wire::Identity&, const Bytes& crop)> identity{};
    std::function<void(const wire::Track&)> track{};
    std::function<void(const wire::Camera&)> camera{};
    std::function<void(const wire::Status&)> status{};
};

/// Subscribes to the result topic and passes messages to the listeners, on its own thread, until
/// runtime.stop is requested. At the start, reads the results of the last `age` from the history in
/// Redis; later, reads the results that it missed. If Redis is unavailable, live results continue,
/// and missed results arrive late.
class ResultFeed {
  public:
    /// Throws FatalError if `endpoint` (broker.results) is not a valid address.
    ResultFeed(const service::Runtime& runtime, const std::string& endpoint,
               const gallery::RedisOptions& redis, std::chrono::seconds age,
               std::vector<ResultListener> listeners);
    /// Joins the thread. Requires: runtime.stop was requested.
    ~ResultFeed();
    ResultFeed(const ResultFeed&) = delete;
    ResultFeed& operator=(const ResultFeed&) = delete;

  private:
    void run();

    const service::Runtime& runtime_;
    std::vector<ResultListener> listeners_;
    results::ResultStream stream_;
    results::CatchUp catch_up_;
    std::thread thread_;
};

}  // namespace facebus::gateway
