#include "gateway/webhooks/webhook.hpp"

#include <algorithm>
#include <random>
#include <ranges>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "gateway/live/removed_people.hpp"
#include "results/identity_json.hpp"
#include "wire/codec.hpp"

namespace facebus::gateway {
namespace {

using std::chrono::milliseconds;

// Delays before the next call of Webhook::step().
constexpr milliseconds poll_interval(200);
constexpr milliseconds redis_retry_delay(1000);
constexpr milliseconds no_delay(0);
// Interval of refresh(), and maximum delay of a reaction to a replay request.
constexpr milliseconds refresh_interval(1000);
// Interval at which expired dead letters are removed.
constexpr std::chrono::minutes cleanup_interval(1);
// Delay after a dead letter that was refused again, before the next one of the same replay.
constexpr milliseconds replay_interval(1000);

double to_seconds(auto duration) {
    return std::chrono::duration<double>(duration).count();
}

/// Returns the words of a comma-separated list.
std::set<std::string> split(const std::string& text) {
    std::set<std::string> all;
    for (const auto part : std::views::split(text, ',')) {
        std::string word(part.begin(), part.end());
        std::erase(word, ' ');
        if (!word.empty()) all.insert(std::move(word));
    }
    return all;
}

/// Parses the option `decisions` of a webhook. `setting`: "webhooks.<name>", for the error text.
std::set<wire::Decision> parse_decisions(const std::string& text, const std::string& setting) {
    const auto names = split(text);
    std::set<wire::Decision> all;
    for (const auto& name : names) {
        if (const auto decision = wire::from_string<wire::Decision>(name)) all.insert(*decision);
    }
    if (!all.empty() && all.size() == names.size()) return all;
    throw FatalError(
        Exit::config,
        fmt::format("{}.decisions: \"{}\" is not a comma-separated list of {}", setting, text,
                    fmt::join(wire::enum_names(wire::Decision{}), ", ")));
}

/// Parses the option `cameras` of a webhook. `setting`: "webhooks.<name>", for the error text.
std::set<std::string> parse_cameras(const std::string& text, const std::string& setting) {
    auto all = split(text);
    if (std::ranges::all_of(all, [](const auto& word) { return wire::valid_source(word); })) {
        return all;
    }
    throw FatalError(Exit::config,
                     fmt::format("{}.cameras: \"{}\" is not a comma-separated list of camera "
                                 "names; use 1 to 64 letters, digits, '_' and '-' per name",
                                 setting, text));
}

/// Reads the secret of a webhook from a file. `setting`: "webhooks.<name>", for the error text.
std::string read_signing_secret(const std::string& file, const std::string& setting) {
    auto secret = read_secret(file, setting + ".secret_file");
    if (!secret.empty()) return secret;
    throw FatalError(Exit::config,
                     fmt::format("{}.secret_file: a webhook requires a file with a secret to sign "
                                 "requests; create one with `openssl rand -hex 32 > FILE`",
                                 setting));
}

}  // namespace

Webhook::Webhook(const service::Runtime& runtime, const std::string& name,
                 const WebhookOptions& options, const gallery::RedisOptions& redis, Gallery gallery)
    : runtime_(runtime),
      name_(name),
      secret_(read_signing_secret(options.secret_file, "webhooks." + name)),
      decisions_(parse_decisions(options.decisions, "webhooks." + name)),
      cameras_(parse_cameras(options.cameras, "webhooks." + name)),
      gallery_(std::move(gallery)),
      client_({.url = options.url, .ca_file = options.ca_file, .timeout = options.timeout},
              "webhooks." + name),
      results_(redis, "webhook:" + name),
      history_(redis, 0),
      deliveries_(redis, "webhook:" + name),
      max_attempts_(options.attempts),
      backoff_(std::random_device()()),
      delivered_(counter("delivered")),
      dead_lettered_(counter("dead_lettered")),
      retried_(counter("retried")),
      dropped_(runtime.metrics.counter("facebus_webhook_dead_letters_dropped_total",
                                       "Dead letters dropped because there were more than 10,000",
                                       {{"webhook", name}})),
      lag_(runtime.metrics.gauge("facebus_webhook_lag_seconds",
                                 "Age of the result being delivered; 0: no result is pending",
                                 {{"webhook", name}})),
      dead_letters_(runtime.metrics.gauge("facebus_webhook_dead_letters",
                                          "Results that the receiver refused until the gateway "
                                          "gave up; see facebus webhooks",
                                          {{"webhook", name}})),
      backoff_seconds_(runtime.metrics.gauge("facebus_webhook_backoff_seconds",
                                             "Time until the next attempt after a failed one; 0: "
                                             "no back-off",
                                             {{"webhook", name}})),
      thread_([this] { run(); }) {}

Webhook::~Webhook() {
    runtime_.stop.request();
    thread_.join();
}

Counter Webhook::counter(const std::string& outcome) {
    return runtime_.metrics.counter("facebus_webhook_attempts_total",
                                    "Attempts to deliver a result, by outcome",
                                    {{"webhook", name_}, {"outcome", outcome}});
}

void Webhook::run() {
    auto delay = no_delay;
    while (!runtime_.stop.wait_ms(static_cast<int>(delay.count()))) delay = step();
}

/// Returns the result without people who were removed or are ignored, or nothing if it must not be
/// delivered or cannot be decoded.
std::optional<wire::Identity> Webhook::decode(const gallery::HistoryEntry& entry) {
    const auto identity = wire::decode<wire::Identity>(entry.header, 0);
    if (identity) return without_removed(*identity, *gallery_());
    runtime_.count_error(identity.error());
    return std::nullopt;
}

/// Processes the next dead letter of a replay, or else the next result, if there is one and no
/// back-off. Returns the delay before the next call.
milliseconds Webhook::step() {
    const auto count_error = [&](const Error& error) {
        runtime_.count_error(error);
        return redis_retry_delay;
    };
    const auto now = Monotonic::now();
    if (const auto done = refresh(now); !done) return count_error(done.error());
    if (now < resume_) {
        const auto left = std::chrono::ceil<milliseconds>(resume_ - now);
        return std::min(left, refresh_interval);
    }
    if (replay_.active && now >= replay_.next) {
        const auto done = replay(now);
        return done ? no_delay : count_error(done.error());
    }
    const auto next = results_.next();
    if (!next) return count_error(next.error());
    if (!*next) {
        pending_since_.reset();
        update_lag();
        // advance_past() below does not save the position. It is saved here, when no result is
        // left, or in deliver(). After a crash in between, the gateway reads the results that do
        // not match again and skips them again, which costs little.
        if (const auto saved = results_.save(); !saved) return count_error(saved.error());
        return poll_interval;
    }
    const auto& entry = **next;
    const auto identity = decode(entry);
    if (!identity || !matches(*identity)) {
        results_.advance_past(entry);
        return no_delay;
    }
    const auto done = deliver(entry, *identity);
    return done ? no_delay : count_error(done.error());
}

/// Once per refresh_interval, updates the metrics and checks for a replay request. Removes expired
/// dead letters once per minute.
Result<void> Webhook::refresh(Monotonic::time_point now) {
    if (now < next_refresh_) return {};
    if (now >= next_cleanup_) {
        if (auto removed = deliveries_.remove_expired(); !removed) return removed;
        next_cleanup_ = now + cleanup_interval;
    }
    const auto state = deliveries_.state();
    if (!state) return std::unexpected(state.error());
    if (!loaded_) {
        retried_result_ = state->result;
        attempts_ = state->attempts;
        loaded_ = true;
    }
    if (!state->replay.empty() && state->replay != replay_.request) {
        if (auto ended = deliveries_.end_back_off(); !ended) return ended;
        replay_ = {.request = state->replay, .active = true};
        backoff_.reset();
        resume_ = now;
    }
    dead_letters_.set(static_cast<double>(state->dead_letters));
    update_lag();
    backoff_seconds_.set(to_seconds(std::max(resume_ - now, Monotonic::duration(0))));
    next_refresh_ = now + refresh_interval;
    return {};
}

void Webhook::update_lag() {
    const std::chrono::nanoseconds lag(pending_since_ ? utc_ns() - *pending_since_ : 0);
    lag_.set(to_seconds(lag));
}

/// Returns whether the webhook's options select the result.
bool Webhook::matches(const wire::Identity& identity) const {
    return decisions_.contains(identity.decision) &&
           (cameras_.empty() || cameras_.contains(identity.head.src));
}

/// Sends a result to the receiver. Returns nothing if the request was aborted because the gateway
/// stops: the next start tries to deliver the result again.
std::optional<Webhook::Attempt> Webhook::post(const wire::Identity& identity) {
    constexpr std::int64_t second = 1'000'000'000;
    const auto body = dump(results::identity_json(identity, results::Detail::event));
    auto reply = client_.post(
        body, webhook_headers(results::result_id(identity), utc_ns() / second, body, secret_),
        runtime_.stop);
    if (!reply && runtime_.stop.requested()) return std::nullopt;
    if (!reply) return Attempt{WebhookOutcome::unavailable, 0, std::move(reply.error().message)};
    return Attempt{webhook_outcome(reply->status), reply->status,
                   fmt::format("status {}", reply->status), std::move(reply->retry_after)};
}

/// Tries to deliver a result of the history.
Result<void> Webhook::deliver(const gallery::HistoryEntry& entry, const wire::Identity& identity) {
    pending_since_ = identity.head.t["publish"].value_or(utc_ns());
    update_lag();
    const auto attempt = post(identity);
    if (!attempt) return {};
    if (attempt->outcome == WebhookOutcome::delivered) {
        delivered_.add();
        backoff_.reset();
        if (!std::exchange(retried_result_, {}).empty()) {
            if (const auto recorded = deliveries_.record_success(); !recorded) {
                runtime_.count_error(recorded.error());
            }
        }
        results_.advance_past(entry);
        return results_.save();
    }
    if (std::exchange(retried_result_, entry.id) != entry.id) attempts_ = 0;
    const bool refused = attempt->outcome == WebhookOutcome::refused;
    if (refused) ++attempts_;
    const bool give_up = refused && attempts_ >= max_attempts_;
    if (!give_up) retried_.add();
    // The back-off also applies to the next result: if the receiver refuses all results, they must
    // not all be dead-lettered within seconds.
    if (auto recorded = back_off(*attempt); !recorded) return recorded;
    return give_up ? dead_letter(entry, identity, attempt->status) : Result<void>();
}

/// Adds a result to the dead letters and moves the position past it.
Result<void> Webhook::dead_letter(const gallery::HistoryEntry& entry,
                                  const wire::Identity& identity, int status) {
    const auto dropped = deliveries_.add(entry.id, status, attempts_);
    if (!dropped) return std::unexpected(dropped.error());
    dropped_.add(static_cast<double>(*dropped));
    dead_lettered_.add();
    runtime_.log.warning(
        "webhook_dead_lettered",
        {{"webhook", name_},
         {"status", status},
         {"result", results::result_id(identity)},
         {"hint", fmt::format("fix the receiver, then run facebus webhooks replay {}", name_)}});
    results_.advance_past(entry);
    return results_.save();
}

/// Tries to deliver the next dead letter of the replay.
Result<void> Webhook::replay(Monotonic::time_point now) {
    const auto letter = deliveries_.next(replay_.last, replay_.request);
    if (!letter) return std::unexpected(letter.error());
    if (!*letter) {
        replay_.active = false;
        return deliveries_.finish_replay(replay_.request);
    }
    const auto& id = (*letter)->id;
    const auto& result = (*letter)->result;
    const auto entry =
        result.empty() ? Result<std::optional<gallery::HistoryEntry>>() : history_.find(result);
    if (!entry) return std::unexpected(entry.error());
    // Without a result, because it has expired or must no longer be delivered, remove the letter.
    if (const auto identity = *entry ? decode(**entry) : std::nullopt) {
        const auto attempt = post(*identity);
        if (!attempt) return {};
        const bool delivered = attempt->outcome == WebhookOutcome::delivered;
        (delivered ? delivered_ : retried_).add();
        if (attempt->outcome == WebhookOutcome::unavailable) return back_off(*attempt);
        if (!delivered) {
            // Keep the dead letter. New results need not wait: they continue before the next one.
            replay_.last = id;
            replay_.next = now + replay_interval;
            return {};
        }
        backoff_.reset();
    }
    next_refresh_ = {};  // update the number of dead letters
    return deliveries_.remove(id);
}

/// Starts a back-off after a failed attempt. Logs and stores the reason.
Result<void> Webhook::back_off(const Attempt& attempt) {
    const auto delay = backoff_.next(attempt.retry_after);
    resume_ = Monotonic::now() + delay;
    next_refresh_ = {};  // update the metric
    runtime_.log.limited_warning(
        "webhook_retry",
        {{"webhook", name_}, {"reason", attempt.error}, {"retry_s", to_seconds(delay)}});
    return deliveries_.record_failure(retried_result_, attempts_, attempt.error, delay);
}

std::vector<std::unique_ptr<Webhook>> start_webhooks(
    const service::Runtime& runtime, const std::map<std::string, WebhookOptions>& hooks,
    const gallery::RedisOptions& redis, const gallery::HistoryOptions& history,
    const Webhook::Gallery& gallery) {
    std::vector<std::unique_ptr<Webhook>> all;
    for (const auto& [name, options] : hooks) {
        if (options.url.empty()) continue;
        if (history.hours <= 0) {
            throw FatalError(Exit::config,
                             fmt::format("webhooks.{} requires the result history, which is "
                                         "off; set results.history_hours",
                                         name));
        }
        all.push_back(std::make_unique<Webhook>(runtime, name, options, redis, gallery));
    }
    return all;
}

}  // namespace facebus::gateway
