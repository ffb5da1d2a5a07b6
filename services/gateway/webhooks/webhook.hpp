// Delivers results to webhooks by HTTP POST.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.hpp"
#include "gallery/history/history.hpp"
#include "gallery/history/history_reader.hpp"
#include "gateway/webhooks/options.hpp"
#include "gateway/webhooks/webhook_rules.hpp"
#include "http/client.hpp"
#include "service/runtime.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// Delivers the results that match the options of one webhook, at least once and in order, until
/// runtime.stop is requested. Gives up on a result only after a permanent error, see
/// WebhookOutcome::dead_lettered. Runs on its own thread, so that a slow receiver does not delay
/// other webhooks.
///
/// Reads the results from the history in Redis and stores its position there. Therefore no queue
/// grows in memory, and a restart loses no result that is still in the history. A result that was
/// removed from the history, for example because a person was removed, is not delivered.
class Webhook {
  public:
    /// `name` is the name of the webhook in the configuration. Throws FatalError (config) if an
    /// option is invalid.
    Webhook(const service::Runtime& runtime, const std::string& name, const WebhookOptions& options,
            const gallery::RedisOptions& redis);
    /// Requests runtime.stop and joins the thread. The request is necessary because nothing else
    /// requests a stop after an error at start-up.
    ~Webhook();
    Webhook(const Webhook&) = delete;
    Webhook& operator=(const Webhook&) = delete;

  private:
    using Delay = std::chrono::milliseconds;

    void run();
    Delay step();
    Delay deliver(const gallery::HistoryEntry& entry, const wire::Identity& identity);
    Delay schedule_retry(const std::string& reason, const std::string& retry_after);
    [[nodiscard]] bool matches(const wire::Identity& identity) const;
    void finish(const gallery::HistoryEntry& entry, WebhookOutcome outcome);
    Counter counter(const std::string& outcome);

    const service::Runtime& runtime_;
    std::string name_;
    std::string secret_;
    std::set<wire::Decision> decisions_;
    std::set<std::string> cameras_;  ///< empty: all
    http::Client client_;
    gallery::HistoryReader results_;
    Backoff backoff_;
    Counter delivered_;
    Counter dead_lettered_;
    Counter retried_;
    Gauge lag_;
    std::jthread thread_;
};

/// Starts all webhooks that have a URL. Throws FatalError (config) if an option of these webhooks
/// is invalid, or if there is such a webhook but the history is off.
std::vector<std::unique_ptr<Webhook>> start_webhooks(
    const service::Runtime& runtime, const std::map<std::string, WebhookOptions>& hooks,
    const gallery::RedisOptions& redis, const gallery::HistoryOptions& history);

}  // namespace facebus::gateway
