// Writes results to Redis without blocking the broker.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gallery/history/history.hpp"
#include "service/runtime.hpp"
#include "wire/messages.hpp"

namespace facebus::broker {

/// Appends published results to the history in Redis, in its own thread. If Redis is slow or
/// unavailable, up to 10,000 results wait; beyond that the oldest are dropped and counted, which
/// subscribers have received already. Crops are not stored. Thread-safe.
class HistoryWriter {
  public:
    /// Starts the thread, unless `options.hours` is 0. Throws FatalError (config) if `redis` is
    /// invalid.
    HistoryWriter(service::Runtime& runtime, const gallery::RedisOptions& redis,
                  const gallery::HistoryOptions& options);
    /// Writes the waiting results, as long as Redis is available.
    ~HistoryWriter();
    HistoryWriter(const HistoryWriter&) = delete;
    HistoryWriter& operator=(const HistoryWriter&) = delete;

    void append(const wire::Identity& identity);

  private:
    static constexpr std::size_t capacity = 10000;
    static constexpr auto retry = std::chrono::seconds(1);  ///< while Redis is unavailable

    struct Entry {
        std::string topic;
        std::string header;
        std::string subject_id;
        std::string track;
        std::vector<std::string> also_named;
    };

    void write(gallery::History& history, const std::stop_token& stopped);

    service::Runtime& runtime_;
    Counter dropped_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Entry> waiting_;
    std::jthread thread_;
};

}  // namespace facebus::broker
