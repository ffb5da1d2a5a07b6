// Delivers results to a URL by HTTP POST.
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
/// runtime.stop is requested. Reads them from the history in Redis and stores its position there:
/// nothing queues up in memory, a restart loses no result that is still in the history, and a
/// result that was removed from the history (a person was removed) is not delivered. Runs on its
/// own thread, so a slow receiver does not delay other webhooks.
class Webhook {
  public:
    /// Throws FatalError (config) that names the invalid option.
    Webhook(const service::Runtime& runtime, const std::string& name, const WebhookOptions& options,
            const gallery::RedisOptions& redis);
    /// Requests runtime.stop and joins the thread. (After a startup error nobody else requests it.)
    ~Webhook();
    Webhook(const Webhook&) = delete;
    Webhook& operator=(const Webhook&) = delete;

  private:
    using Wait = std::chrono::milliseconds;

    void run();
    Wait step();
    Wait deliver(const gallery::HistoryEntry& entry, const wire::Identity& identity);
    Wait failed(const std::string& why, const std::string& retry_after);
    [[nodiscard]] bool wanted(const wire::Identity& identity) const;
    void done(const gallery::HistoryEntry& entry, WebhookOutcome outcome);
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

/// Starts all webhooks that have a URL. Throws like Webhook.
std::vector<std::unique_ptr<Webhook>> webhooks(const service::Runtime& runtime,
                                               const std::map<std::string, WebhookOptions>& hooks,
                                               const gallery::RedisOptions& redis,
                                               const gallery::HistoryOptions& history);

}  // namespace facebus::gateway
