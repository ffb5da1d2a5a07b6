// Results into Redis, without ever holding the broker up.
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

/// Appends published results to the history in Redis from a thread of its own. If Redis is slow or
/// away, results wait up to a bound; beyond it the oldest are dropped and counted: subscribers have
/// had them. Crops are not stored. Thread-safe.
class HistoryWriter {
  public:
    /// Throws StartupError (config) if `redis` makes no sense.
    HistoryWriter(service::Runtime& runtime, const gallery::RedisOptions& redis,
                  const gallery::HistoryOptions& options);
    /// Writes what waits, as far as Redis answers.
    ~HistoryWriter();
    HistoryWriter(const HistoryWriter&) = delete;
    HistoryWriter& operator=(const HistoryWriter&) = delete;

    void append(const wire::Identity& identity);

  private:
    static constexpr std::size_t capacity = 10000;
    static constexpr auto retry = std::chrono::seconds(1);  ///< while Redis is away

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
