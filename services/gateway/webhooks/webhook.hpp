// Delivers results to webhooks by HTTP POST.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "gallery/history/deliveries.hpp"
#include "gallery/history/history.hpp"
#include "gallery/history/history_reader.hpp"
#include "gallery/match/snapshot.hpp"
#include "gateway/webhooks/options.hpp"
#include "gateway/webhooks/webhook_rules.hpp"
#include "http/client.hpp"
#include "service/runtime.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// Delivers the results that match the options of one webhook, at least once and in order, until
/// runtime.stop is requested. Runs on its own thread, so that a slow receiver does not delay other
/// webhooks.
///
/// After a failed attempt, all deliveries to the receiver pause; see Backoff. As long as the
/// receiver is unavailable, the results wait in the history. If the receiver refuses a result
/// `attempts` times, the result is dead-lettered, and the next one follows after the pause. Dead
/// letters are delivered again on request (`facebus webhooks replay`), once each: a replay removes
/// those that are delivered and keeps those that are refused.
///
/// Reads the results from the history in Redis and stores its position there. Therefore no queue
/// grows in memory, and a restart loses no result that is still in the history. A result that was
/// removed from the history, for example because a person was removed, is not delivered. Hides
/// people who were removed or are ignored, also while the erasure of their results is pending; see
/// without_removed().
class Webhook {
  public:
    /// Returns the current snapshot of the gallery. Is called on the webhook's thread.
    using Gallery = std::function<std::shared_ptr<const gallery::Snapshot>()>;

    /// `name` is the name of the webhook in the configuration. Throws FatalError (config) if an
    /// option is invalid.
    Webhook(const service::Runtime& runtime, const std::string& name, const WebhookOptions& options,
            const gallery::RedisOptions& redis, Gallery gallery);
    /// Requests runtime.stop and joins the thread. The request is necessary because nothing else
    /// requests a stop after an error at start-up.
    ~Webhook();
    Webhook(const Webhook&) = delete;
    Webhook& operator=(const Webhook&) = delete;

  private:
    using Delay = std::chrono::milliseconds;
    /// Result of one delivery attempt.
    struct Attempt {
        WebhookOutcome outcome{};
        int status = 0;             ///< 0: no response
        std::string error{};        ///< reason of the failure
        std::string retry_after{};  ///< value of the header Retry-After
    };
    /// A replay of the dead letters.
    struct Replay {
        std::string request{};         ///< see DeliveryState::replay; empty: none yet
        bool active = false;           ///< there may be dead letters left to deliver
        std::string last = "0-0";      ///< id of the last dead letter that was tried
        Monotonic::time_point next{};  ///< time of the next attempt
    };

    void run();
    std::optional<wire::Identity> decode(const gallery::HistoryEntry& entry);
    Delay step();
    Result<void> refresh(Monotonic::time_point now);
    void update_lag();
    Result<void> replay(Monotonic::time_point now);
    Result<void> deliver(const gallery::HistoryEntry& entry, const wire::Identity& identity);
    std::optional<Attempt> post(const wire::Identity& identity);
    Result<void> back_off(const Attempt& attempt);
    Result<void> dead_letter(const gallery::HistoryEntry& entry, const wire::Identity& identity,
                             int status);
    [[nodiscard]] bool matches(const wire::Identity& identity) const;
    Counter counter(const std::string& outcome);

    const service::Runtime& runtime_;
    std::string name_;
    std::string secret_;
    std::set<wire::Decision> decisions_;
    std::set<std::string> cameras_;  ///< empty: all
    Gallery gallery_;
    http::Client client_;
    gallery::HistoryReader results_;
    gallery::History history_;
    gallery::Deliveries deliveries_;
    int max_attempts_;
    Backoff backoff_;
    Monotonic::time_point resume_{};  ///< end of the back-off
    std::string retried_result_;      ///< history id of the result that is being retried, or empty
    int attempts_ = 0;                ///< how often the receiver refused that result
    std::optional<std::int64_t> pending_since_;  ///< publication time of that result
    Replay replay_;
    bool loaded_ = false;                   ///< the state was read from Redis
    Monotonic::time_point next_refresh_{};  ///< time of the next call of refresh()
    Monotonic::time_point next_cleanup_{};  ///< when to remove expired dead letters
    Counter delivered_;
    Counter dead_lettered_;
    Counter retried_;
    Counter dropped_;
    Gauge lag_;
    Gauge dead_letters_;
    Gauge backoff_seconds_;
    std::jthread thread_;
};

/// Starts all webhooks that have a URL. Throws FatalError (config) if an option of these webhooks
/// is invalid, or if there is such a webhook but the history is off.
std::vector<std::unique_ptr<Webhook>> start_webhooks(
    const service::Runtime& runtime, const std::map<std::string, WebhookOptions>& hooks,
    const gallery::RedisOptions& redis, const gallery::HistoryOptions& history,
    const Webhook::Gallery& gallery);

}  // namespace facebus::gateway
