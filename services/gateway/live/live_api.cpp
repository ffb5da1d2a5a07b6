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

using http::Response;

// How soon it is seen that a client has gone.
constexpr std::chrono::seconds look_every(1);
// A proxy ends a connection on which nothing comes, often after a minute.
constexpr int looks_until_comment = 15;

/// One of a number of seats, given back when it goes.
class Seat {
  public:
    /// Nothing if all are taken.
    static std::shared_ptr<Seat> take(const std::shared_ptr<std::atomic<std::size_t>>& free) {
        auto left = free->load();
        while (left > 0) {
            if (free->compare_exchange_weak(left, left - 1)) return std::make_shared<Seat>(free);
        }
        return nullptr;
    }
    explicit Seat(std::shared_ptr<std::atomic<std::size_t>> free) : free_(std::move(free)) {}
    ~Seat() { ++*free_; }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

  private:
    std::shared_ptr<std::atomic<std::size_t>> free_;
};

/// The number of the result that a client had last: of another run, or what makes no sense, is 0.
std::uint64_t number_of(std::string_view id, const std::string& run) {
    if (!id.starts_with(run + "-")) return 0;
    id.remove_prefix(run.size() + 1);
    std::uint64_t number = 0;
    const auto* end = id.data() + id.size();
    const auto [rest, error] = std::from_chars(id.data(), end, number);
    return error == std::errc{} && rest == end ? number : 0;
}

/// A result with its id among those of this gateway, and its crop as a data URL.
Json result_json(const LiveResult& result, const std::string& run) {
    auto json = results::identity_json(result.identity, results::Detail::explained);
    json["id"] = fmt::format("{}-{}", run, result.number);
    if (!result.picture.empty()) {
        json["crop"] = "data:image/jpeg;base64," + crypto::base64(result.picture);
    }
    return json;
}

/// Results as server-sent events.
class Listening {
  public:
    Listening(const LiveView& live, std::shared_ptr<Seat> seat, std::uint64_t number)
        : live_(live), seat_(std::move(seat)), number_(number) {}

    /// See http::Response::pieces.
    std::optional<std::string> next() {
        if (live_.closed()) return std::nullopt;
        if (!std::exchange(greeted_, true)) return ": results follow\n\n";
        const auto results = live_.wait_after(number_, look_every);
        std::string events;
        for (const auto& result : results) {
            events += fmt::format("id: {}-{}\nevent: result\ndata: {}\n\n", live_.run(),
                                  result->number, dump(result_json(*result, live_.run())));
            number_ = result->number;
        }
        looks_ = results.empty() ? looks_ + 1 : 0;
        if (looks_ < looks_until_comment) return events;
        looks_ = 0;
        return ": nothing new\n\n";
    }

  private:
    const LiveView& live_;
    std::shared_ptr<Seat> seat_;
    std::uint64_t number_;
    bool greeted_ = false;
    int looks_ = 0;
};

Answered<http::Response> latest(const LiveView& live) {
    Json results = Json::array();
    for (const auto& result : live.after(0)) results.push_back(result_json(*result, live.run()));
    return http::Response{.body = dump({{"results", std::move(results)}})};
}

Json camera_json(const CameraEntry& entry) {
    Json json{{"camera", entry.name},
              {"state", to_string(entry.state)},
              {"heard_seconds_ago", rounded(entry.heard_ago)},
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

Answered<http::Response> cameras(const CameraBoard& board) {
    const auto now = Monotonic::now();
    Json all = Json::array();
    for (const auto& entry : board.cameras(now)) all.push_back(camera_json(entry));
    Json answer{{"cameras", std::move(all)}};
    if (const auto broker = board.broker(now)) {
        const auto& status = broker->status;
        answer["broker"] = {
            {"state", status.state},         {"heard_seconds_ago", rounded(broker->heard_ago)},
            {"workers", status.workers},     {"queued", status.queued},
            {"in_flight", status.in_flight}, {"results", status.results},
            {"refused", status.refused},     {"gallery_stale", status.gallery_stale}};
    }
    return http::Response{.body = dump(answer)};
}

Answered<http::Response> numbers(const ResultNumbers& numbers) {
    Json spans = Json::array();
    for (const auto& span : numbers.since_an_hour(utc_ns())) {
        Json decisions = Json::object();
        for (const auto& [decision, count] : span.decisions) {
            decisions[std::string(to_string(decision))] = count;
        }
        Json milliseconds = Json::object();
        for (const auto& stage : span.latency) {
            milliseconds[std::string(stage.stage)] = {{"p50", rounded(stage.p50)},
                                                      {"p99", rounded(stage.p99)}};
        }
        spans.push_back({{"time", iso8601(span.start)},
                         {"results", std::move(decisions)},
                         {"milliseconds", std::move(milliseconds)}});
    }
    return http::Response{.body = dump({{"now", iso8601(utc_ns())},
                                        {"span_seconds", ResultNumbers::span_seconds},
                                        {"spans", std::move(spans)}})};
}

}  // namespace

std::vector<Route> live_routes(const Happenings& happenings, std::size_t streams) {
    const auto free = std::make_shared<std::atomic<std::size_t>>(streams);
    const auto listen = [&live = happenings.live,
                         free](const Call& call) -> Answered<http::Response> {
        auto seat = Seat::take(free);
        if (!seat) {
            return refuse(503, 503,
                          "too many listen already (gateway.max_streams); try again later");
        }
        const auto listening = std::make_shared<Listening>(
            live, std::move(seat), number_of(call.request.header("last-event-id"), live.run()));
        return http::Response{.type = "text/event-stream",
                              .headers = {{"X-Accel-Buffering", "no"}},
                              .pieces = [listening] { return listening->next(); }};
    };
    return {{"GET", "/api/v1/live", api_keys::Role::read, 0,
             [&live = happenings.live](const Call&) { return latest(live); }},
            {"GET", "/api/v1/live/events", api_keys::Role::read, 0, listen},
            {"GET", "/api/v1/cameras", api_keys::Role::read, 0,
             [&board = happenings.cameras](const Call&) { return cameras(board); }},
            {"GET", "/api/v1/statistics", api_keys::Role::read, 0,
             [&counted = happenings.numbers](const Call&) { return numbers(counted); }}};
}

}  // namespace facebus::gateway
