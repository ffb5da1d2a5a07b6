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

/// Appends published results, without crops, to the history in Redis, in its own thread. While
/// Redis is slow or unavailable, up to 10,000 results are queued. If more arrive, the oldest are
/// dropped and counted; subscribers that are connected have received them already. Thread-safe.
class HistoryWriter {
  public:
    /// Starts the thread, unless `options.hours` is 0. Throws `FatalError` (config) if `hours` is
    /// not 0 and `redis` is invalid.
    HistoryWriter(service::Runtime& runtime, const gallery::RedisOptions& redis,
                  const gallery::HistoryOptions& options);
    /// Blocks until the queued results are written or writing shows that Redis is unavailable.
    ~HistoryWriter();
    HistoryWriter(const HistoryWriter&) = delete;
    HistoryWriter& operator=(const HistoryWriter&) = delete;

    /// Queues a published result. `track`: id under which TrackMemory stores the track; see
    /// gallery::History::append(). Does nothing if `options.hours` was 0.
    void append(const wire::Identity& identity, const std::string& track);

  private:
    static constexpr std::size_t capacity = 10000;
    /// Pause between attempts while Redis is unavailable.
    static constexpr auto retry_delay = std::chrono::seconds(1);

    struct Entry {
        std::string topic;
        std::string header;
        std::string subject_id;
        std::string track;
        std::vector<std::string> also_named;  ///< ids of other subjects named in the result
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
