// Writes results to Redis without blocking the broker.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bus/socket.hpp"
#include "gallery/history/history.hpp"
#include "service/runtime.hpp"
#include "wire/messages.hpp"

namespace facebus::broker {

/// Appends published results, without crops, to the history in Redis, in its own thread and in
/// order. Tries again until Redis accepts a result, whether Redis is unavailable or returns an
/// error, and logs the reason. The caller limits the number of waiting results. Not thread-safe.
class HistoryWriter {
  public:
    /// A result that is stored.
    struct Stored {
        std::string track;  ///< the argument of append()
        std::string probe;  ///< id of the probe
    };

    /// Starts the thread, unless `options.hours` is 0. Throws `FatalError` (config) if `hours` is
    /// not 0, and `redis` is invalid or the data in Redis has another format.
    HistoryWriter(service::Runtime& runtime, const gallery::RedisOptions& redis,
                  const gallery::HistoryOptions& options);
    ~HistoryWriter() { finish(); }
    HistoryWriter(const HistoryWriter&) = delete;
    HistoryWriter& operator=(const HistoryWriter&) = delete;

    /// Returns whether results are stored: `options.hours` is not 0, and finish() was not called.
    [[nodiscard]] bool enabled() const { return thread_.joinable(); }
    /// Queues a published result. `track`: id under which TrackMemory stores the track; see
    /// gallery::History::append(). Requires: enabled().
    void append(const wire::Identity& identity, const std::string& track);

    /// Returns the next result that was stored, in the order of append(), or nothing if there is
    /// none at present.
    std::optional<Stored> next_stored();
    /// Returns a socket that can be read if next_stored() would return a result.
    [[nodiscard]] const bus::Socket& stored() const { return stored_; }

    /// Blocks until the queued results are written, a new attempt fails, or three seconds
    /// plus the timeout of Redis have passed. Then stops the thread. next_stored() can be called
    /// afterwards.
    void finish();

  private:
    /// Pause between attempts.
    static constexpr auto retry_delay = std::chrono::seconds(1);

    struct Entry {
        std::string topic;
        std::string header;
        std::string subject_id;
        std::string track;
        std::string probe;
        std::vector<std::string> also_named;  ///< ids of other subjects named in the result
    };

    void write(gallery::History& history, const std::stop_token& stopped);

    service::Runtime& runtime_;
    bus::Socket stored_;   ///< receives the stored results
    bus::Socket reports_;  ///< sends the stored results; used by the thread
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Entry> waiting_;
    std::jthread thread_;
};

}  // namespace facebus::broker
