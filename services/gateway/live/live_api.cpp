#include "gateway/live/live_api.hpp"

#include <atomic>
#include <charconv>
#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "crypto/base64.hpp"
#include "json.hpp"
#include "results/identity_json.hpp"

namespace facebus::gateway {
namespace {

// Time without a result after which the stream sends a comment, because proxies close idle
// connections, often after a minute.
constexpr std::chrono::seconds comment_interval(15);
// Maximum number of results in one piece of the stream. Bounds its size: a crop has about 10 KB.
constexpr std::size_t results_per_piece = 20;

/// Permission to open one stream; the number of streams is limited. The destructor frees the slot.
class StreamSlot {
  public:
    /// Takes a slot and decrements `free`, the number of free slots. Returns null if none is free.
    static std::shared_ptr<StreamSlot> acquire(
        const std::shared_ptr<std::atomic<std::size_t>>& free) {
        auto left = free->load();
        while (left > 0) {
            if (free->compare_exchange_weak(left, left - 1)) {
                return std::make_shared<StreamSlot>(free);
            }
        }
        return nullptr;
    }
    explicit StreamSlot(std::shared_ptr<std::atomic<std::size_t>> free) : free_(std::move(free)) {}
    ~StreamSlot() { ++*free_; }
    StreamSlot(const StreamSlot&) = delete;
    StreamSlot& operator=(const StreamSlot&) = delete;

  private:
    std::shared_ptr<std::atomic<std::size_t>> free_;
};

/// Returns the LiveResult::number in an event id of the form RUN-NUMBER. Returns 0 if the id is
/// malformed or its run is not `run`.
std::uint64_t parse_event_id(std::string_view id, const std::string& run) {
    if (!id.starts_with(run + "-")) return 0;
    id.remove_prefix(run.size() + 1);
    std::uint64_t number = 0;
    const auto* end = id.data() + id.size();
    const auto [rest, error] = std::from_chars(id.data(), end, number);
    return error == std::errc{} && rest == end ? number : 0;
}

/// Converts a result to JSON. The key `id` is the event id; the key `crop` is the crop, if there is
/// one, as a data URL.
Json result_json(const LiveResult& result, const std::string& run) {
    auto json = results::identity_json(result.identity, results::Detail::explained);
    json["id"] = fmt::format("{}-{}", run, result.number);
    if (!result.jpeg.empty()) {
        json["crop"] = "data:image/jpeg;base64," + crypto::base64(result.jpeg);
    }
    return json;
}

/// Streams results to one client as server-sent events.
class EventStream {
  public:
    /// Streams the results with a higher number than `number`.
    EventStream(const LiveView& live, std::shared_ptr<StreamSlot> slot, std::uint64_t number)
        : live_(live), slot_(std::move(slot)), number_(number) {}

    /// Returns the next piece of the response body; see http::Response::pieces.
    std::optional<std::string> next() {
        // Begin with a comment, which clients ignore, so that data arrives even if there are no
        // results yet.
        if (!std::exchange(greeted_, true)) return ": results follow\n\n";
        auto results = live_.after(number_);
        if (results.size() > results_per_piece) results.resize(results_per_piece);
        std::string events;
        for (const auto& result : results) {
            events += fmt::format("id: {}-{}\nevent: result\ndata: {}\n\n", live_.run(),
                                  result->number, dump(result_json(*result, live_.run())));
            number_ = result->number;
        }
        const auto now = Monotonic::now();
        if (events.empty() && now - sent_ >= comment_interval) events = ": keep-alive\n\n";
        if (!events.empty()) sent_ = now;
        return events;
    }

  private:
    const LiveView& live_;
    std::shared_ptr<StreamSlot> slot_;
    std::uint64_t number_;
    bool greeted_ = false;
    Monotonic::time_point sent_ = Monotonic::now();  ///< time of the last piece
};

HttpResult<http::Response> latest(const LiveView& live) {
    Json results = Json::array();
    for (const auto& result : live.after(0)) results.push_back(result_json(*result, live.run()));
    return http::Response{.body = dump({{"results", std::move(results)}})};
}

Json camera_json(const CameraEntry& entry) {
    Json json{{"camera", entry.name},
              {"state", to_string(entry.state)},
              {"last_message_seconds_ago", rounded(entry.last_message_ago)},
              {"results", entry.results}};
    if (const auto& report = entry.report) {
        json["live"] = report->live;
        json["frames"] = report->frames;
        json["frames_per_second"] = rounded(report->rate);
        if (report->last_frame > 0) json["last_frame"] = iso8601(report->last_frame);
        json["tracks"] = report->tracks;
    }
    return json;
}

HttpResult<http::Response> cameras(const CameraBoard& board) {
    const auto now = Monotonic::now();
    Json all = Json::array();
    for (const auto& entry : board.cameras(now)) all.push_back(camera_json(entry));
    Json body{{"cameras", std::move(all)}};
    if (const auto broker = board.broker(now)) {
        const auto& status = broker->status;
        body["broker"] = {{"state", status.state},
                          {"last_message_seconds_ago", rounded(broker->last_message_ago)},
                          {"workers", status.workers},
                          {"queued", status.queued},
                          {"in_flight", status.in_flight},
                          {"results", status.results},
                          {"rejected", status.refused},
                          {"gallery_stale", status.gallery_stale}};
    }
    return http::Response{.body = dump(body)};
}

HttpResult<http::Response> statistics(const ResultStatistics& statistics) {
    Json spans = Json::array();
    for (const auto& span : statistics.last_hour(utc_ns())) {
        Json decisions = Json::object();
        for (const auto& [decision, count] : span.decisions) {
            decisions[std::string(to_string(decision))] = count;
        }
        Json milliseconds = Json::object();
        for (const auto& step : span.latency) {
            milliseconds[std::string(step.name)] = {{"p50", rounded(step.p50)},
                                                    {"p99", rounded(step.p99)}};
        }
        spans.push_back({{"time", iso8601(span.start)},
                         {"results", std::move(decisions)},
                         {"milliseconds", std::move(milliseconds)}});
    }
    return http::Response{.body = dump({{"now", iso8601(utc_ns())},
                                        {"span_seconds", ResultStatistics::span_seconds},
                                        {"spans", std::move(spans)}})};
}

}  // namespace

std::vector<Route> live_routes(const LiveState& live_state, std::size_t max_streams) {
    const auto free = std::make_shared<std::atomic<std::size_t>>(max_streams);
    const auto open_stream = [&live = live_state.live, free](
                                 const AuthorizedRequest& request) -> HttpResult<http::Response> {
        auto slot = StreamSlot::acquire(free);
        if (!slot) {
            return http_error(503, 503,
                              "too many clients are streaming results (gateway.max_streams); try "
                              "again later");
        }
        const auto stream = std::make_shared<EventStream>(
            live, std::move(slot),
            parse_event_id(request.http_request.header("last-event-id"), live.run()));
        return http::Response{.type = "text/event-stream",
                              .headers = {{"X-Accel-Buffering", "no"}},
                              .pieces = [stream] { return stream->next(); }};
    };
    return {{"GET", "/api/v1/live", api_keys::Role::read, 0,
             [&live = live_state.live](const AuthorizedRequest&) { return latest(live); }},
            {"GET", "/api/v1/live/events", api_keys::Role::read, 0, open_stream},
            {"GET", "/api/v1/cameras", api_keys::Role::read, 0,
             [&board = live_state.cameras](const AuthorizedRequest&) { return cameras(board); }},
            {"GET", "/api/v1/statistics", api_keys::Role::read, 0,
             [&counts = live_state.statistics](const AuthorizedRequest&) {
                 return statistics(counts);
             }}};
}

}  // namespace facebus::gateway
