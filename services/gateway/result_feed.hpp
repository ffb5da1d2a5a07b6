// The results, for all parts of the gateway that tell somebody of them.
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

/// Called from the feed's thread, and must not keep it waiting; what is empty is not called.
struct ResultListener {
    /// Each result once, known by `run` and `result`: as it comes, or from the history where it was
    /// missed, and then without its crop.
    std::function<void(const wire::Identity&, const Bytes& crop)> identity{};
    std::function<void(const wire::Track&)> track{};
    std::function<void(const wire::Camera&)> camera{};
    std::function<void(const wire::Status&)> status{};
};

/// Subscribes to the result topic in a thread of its own until runtime.stop is requested. What was
/// published while the gateway or its connection was away is read from Redis' history as far back
/// as `age`; while Redis is away, results go on to come and only what was missed waits.
class ResultFeed {
  public:
    /// Throws StartupError if `endpoint` (broker.results) is no address.
    ResultFeed(const service::Runtime& runtime, const std::string& endpoint,
               const gallery::RedisOptions& redis, std::chrono::seconds age,
               std::vector<ResultListener> listeners);
    /// Waits for the thread; runtime.stop has to be requested.
    ~ResultFeed();
    ResultFeed(const ResultFeed&) = delete;
    ResultFeed& operator=(const ResultFeed&) = delete;

  private:
    void read();

    const service::Runtime& runtime_;
    std::vector<ResultListener> listeners_;
    results::ResultStream stream_;
    results::CatchUp catch_up_;
    std::thread thread_;
};

}  // namespace facebus::gateway
