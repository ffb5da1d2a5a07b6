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
#include "results/identity_json.hpp"
#include "wire/codec.hpp"

namespace facebus::gateway {
namespace {

using std::chrono::milliseconds;

// Delays before the next call of Webhook::step().
constexpr milliseconds poll_interval(200);
constexpr milliseconds redis_retry_delay(1000);
constexpr milliseconds no_delay(0);

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
                 const WebhookOptions& options, const gallery::RedisOptions& redis)
    : runtime_(runtime),
      name_(name),
      secret_(read_signing_secret(options.secret_file, "webhooks." + name)),
      decisions_(parse_decisions(options.decisions, "webhooks." + name)),
      cameras_(parse_cameras(options.cameras, "webhooks." + name)),
      client_({.url = options.url, .ca_file = options.ca_file, .timeout = options.timeout},
              "webhooks." + name),
      results_(redis, "webhook:" + name),
      backoff_(std::random_device()()),
      delivered_(counter("delivered")),
      dead_lettered_(counter("dead_lettered")),
      retried_(counter("retried")),
      lag_(runtime.metrics.gauge(
          "facebus_webhook_lag_seconds",
          "Age of the pending result at the latest attempt to deliver it; 0: no result is pending",
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

/// Processes the next result, if there is one. Returns the delay before the next call.
milliseconds Webhook::step() {
    const auto next = results_.next();
    if (!next) {
        runtime_.count_error(next.error());
        return redis_retry_delay;
    }
    if (!*next) {
        lag_.set(0);
        // advance_past() below does not save the position. It is saved here, when no result is
        // left, or in finish(). After a crash in between, the gateway reads the results that do not
        // match again and skips them again, which costs little.
        if (const auto saved = results_.save(); !saved) runtime_.count_error(saved.error());
        return poll_interval;
    }
    const auto& entry = **next;
    const auto identity = wire::decode<wire::Identity>(entry.header, 0);
    if (!identity) runtime_.count_error(identity.error());
    if (identity && matches(*identity)) return deliver(entry, *identity);
    results_.advance_past(entry);
    return no_delay;
}

/// Returns whether the webhook's options select the result.
bool Webhook::matches(const wire::Identity& identity) const {
    return decisions_.contains(identity.decision) &&
           (cameras_.empty() || cameras_.contains(identity.head.src));
}

milliseconds Webhook::deliver(const gallery::HistoryEntry& entry, const wire::Identity& identity) {
    constexpr std::int64_t second = 1'000'000'000;
    const auto now = utc_ns();
    const auto published = identity.head.t["publish"].value_or(now);
    lag_.set(static_cast<double>(now - published) / second);
    const auto body = dump(results::identity_json(identity, results::Detail::event));
    const auto reply = client_.post(
        body, webhook_headers(results::result_id(identity), now / second, body, secret_),
        runtime_.stop);
    // If the request was aborted because the gateway stops, the next start tries to deliver the
    // result again.
    if (runtime_.stop.requested() && !reply) return no_delay;
    if (!reply) return schedule_retry(reply.error().message, {});
    const auto outcome = webhook_outcome(reply->status);
    if (outcome == WebhookOutcome::retry) {
        return schedule_retry(fmt::format("status {}", reply->status), reply->retry_after);
    }
    if (outcome == WebhookOutcome::dead_lettered) {
        runtime_.log.warning("webhook_dead_lettered", {{"webhook", name_},
                                                       {"status", reply->status},
                                                       {"result", results::result_id(identity)},
                                                       {"hint", fmt::format("check the receiver "
                                                                            "and webhooks.{}.url",
                                                                            name_)}});
    }
    finish(entry, outcome);
    return no_delay;
}

/// Counts and logs a failed attempt. Returns the delay before the next attempt.
milliseconds Webhook::schedule_retry(const std::string& reason, const std::string& retry_after) {
    retried_.add();
    const auto delay = backoff_.next(retry_after);
    const std::chrono::duration<double> seconds = delay;
    runtime_.log.limited_warning(
        "webhook_retry", {{"webhook", name_}, {"reason", reason}, {"retry_s", seconds.count()}});
    return delay;
}

/// Counts a result that requires no further attempt, and saves the position after it.
void Webhook::finish(const gallery::HistoryEntry& entry, WebhookOutcome outcome) {
    backoff_.reset();
    (outcome == WebhookOutcome::delivered ? delivered_ : dead_lettered_).add();
    results_.advance_past(entry);
    if (const auto saved = results_.save(); !saved) runtime_.count_error(saved.error());
}

std::vector<std::unique_ptr<Webhook>> start_webhooks(
    const service::Runtime& runtime, const std::map<std::string, WebhookOptions>& hooks,
    const gallery::RedisOptions& redis, const gallery::HistoryOptions& history) {
    std::vector<std::unique_ptr<Webhook>> all;
    for (const auto& [name, options] : hooks) {
        if (options.url.empty()) continue;
        if (history.hours <= 0) {
            throw FatalError(Exit::config,
                             fmt::format("webhooks.{} requires the result history, which is "
                                         "off; set results.history_hours",
                                         name));
        }
        all.push_back(std::make_unique<Webhook>(runtime, name, options, redis));
    }
    return all;
}

}  // namespace facebus::gateway
