#include "broker/history_writer.hpp"

#include "wire/codec.hpp"

namespace facebus::broker {

HistoryWriter::HistoryWriter(service::Runtime& runtime, const gallery::RedisOptions& redis,
                             const gallery::HistoryOptions& options)
    : runtime_(runtime),
      dropped_(runtime.metrics.counter("facebus_history_dropped_total",
                                       "Results missing from the history because Redis was "
                                       "unavailable, too slow or returned an error")) {
    if (options.hours > 0) {
        thread_ =
            std::jthread([this, history = gallery::History(redis, options.hours)](
                             const std::stop_token& stopped) mutable { write(history, stopped); });
    }
}

HistoryWriter::~HistoryWriter() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

void HistoryWriter::append(const wire::Identity& identity, const std::string& track) {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= capacity) {
            waiting_.pop_front();
            dropped_.add();
        }
        std::vector<std::string> also_named;
        if (identity.runner_up) also_named.push_back(identity.runner_up->subject_id);
        waiting_.push_back({wire::topic(identity), wire::encode(identity),
                            identity.subject_id.value_or(""), track, std::move(also_named)});
    }
    changed_.notify_one();
}

void HistoryWriter::write(gallery::History& history, const std::stop_token& stopped) {
    std::unique_lock lock(mutex_);
    // The wait returns true while entries are queued, even after a stop request. So the queue is
    // written before the thread ends, unless Redis is unavailable.
    while (changed_.wait(lock, stopped, [this] { return !waiting_.empty(); })) {
        auto entry = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        const auto written = history.append(entry.topic, entry.header, entry.subject_id,
                                            entry.track, entry.also_named);
        if (!written) runtime_.count_error(written.error());
        lock.lock();
        if (written) continue;
        const bool unavailable = written.error().kind == ErrorKind::unavailable;
        if (unavailable && waiting_.size() < capacity) {
            // Try again. If Redis stored the result before the connection failed, it is then
            // stored twice; readers recognise duplicates by run and number.
            waiting_.push_front(std::move(entry));
        } else {
            dropped_.add();
        }
        if (!unavailable) continue;
        if (stopped.stop_requested()) break;
        changed_.wait_for(lock, stopped, retry_delay, [] { return false; });
    }
    dropped_.add(static_cast<double>(waiting_.size()));
}

}  // namespace facebus::broker
