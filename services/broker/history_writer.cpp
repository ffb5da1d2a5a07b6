#include "broker/history_writer.hpp"

#include <fmt/format.h>

#include "gallery/store/format.hpp"
#include "wire/codec.hpp"

namespace facebus::broker {
namespace {

// Maximum time for writing the queued results after a stop request.
constexpr auto finish_limit = std::chrono::seconds(3);

/// Returns a socket without a limit for the number of messages: they are small, and the caller of
/// HistoryWriter limits the number of results.
bus::Socket unlimited_socket(bus::Context& context, bus::SocketType type) {
    return {context, type, {.send_queue = 0, .receive_queue = 0}};
}

}  // namespace

HistoryWriter::HistoryWriter(service::Runtime& runtime, const gallery::RedisOptions& redis,
                             const gallery::HistoryOptions& options)
    : runtime_(runtime),
      stored_(unlimited_socket(runtime.context, bus::SocketType::pull)),
      reports_(unlimited_socket(runtime.context, bus::SocketType::push)) {
    if (options.hours <= 0) return;
    gallery::require_format(redis);
    constexpr const char* endpoint = "inproc://facebus-history";
    stored_.bind(endpoint, "the result history");
    reports_.connect(endpoint, "the result history");
    thread_ =
        std::jthread([this, history = gallery::History(redis, options.hours)](
                         const std::stop_token& stopped) mutable { write(history, stopped); });
}

void HistoryWriter::append(const wire::Identity& identity, const std::string& track) {
    std::vector<std::string> also_named;
    for (const auto& named : {identity.best, identity.runner_up}) {
        if (named) also_named.push_back(named->subject_id);
    }
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back({wire::topic(identity), wire::encode(identity),
                            identity.subject_id.value_or(""), track, identity.probe,
                            std::move(also_named)});
    }
    changed_.notify_one();
}

std::optional<HistoryWriter::Stored> HistoryWriter::next_stored() {
    auto received = stored_.try_receive();
    if (!received || !*received) return std::nullopt;
    auto& message = (*received)->message;
    return Stored{.track = std::move(message.topic), .probe = std::move(message.header)};
}

void HistoryWriter::finish() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

void HistoryWriter::write(gallery::History& history, const std::stop_token& stopped) {
    std::optional<Monotonic::time_point> deadline;
    std::unique_lock lock(mutex_);
    // The wait returns true while entries are queued, even after a stop request.
    while (changed_.wait(lock, stopped, [this] { return !waiting_.empty(); })) {
        const bool stopping = stopped.stop_requested();
        if (stopping) {
            if (!deadline) deadline = Monotonic::now() + finish_limit;
            if (Monotonic::now() >= *deadline) return;
        }
        // The entry stays at the front of the queue, so that the order is kept if writing fails.
        const auto& entry = waiting_.front();
        lock.unlock();
        const auto written = history.append(entry.topic, entry.header, entry.subject_id,
                                            entry.track, entry.also_named);
        if (written) reports_.try_send({entry.track, entry.probe, Bytes()});
        lock.lock();
        if (written) {
            waiting_.pop_front();
            continue;
        }
        runtime_.count_error(
            {written.error().kind, fmt::format("{} results wait for Redis: {}", waiting_.size(),
                                               written.error().message)});
        if (stopping) return;
        changed_.wait_for(lock, stopped, retry_delay, [] { return false; });
    }
}

}  // namespace facebus::broker
