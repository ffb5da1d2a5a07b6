// Results, posted to a URL.
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

/// Delivers the results that one webhook asks for, each at least once and in their order, until
/// runtime.stop is requested. Reads them from Redis' history from a place that is kept there, so
/// nothing waits in memory, a restart loses nothing that the history still has, and a result that
/// leaves it (a person was removed) is not told any more. Has a thread of its own: a slow receiver
/// is nobody else's matter.
class Webhook {
  public:
    /// Throws StartupError (config) that names the setting that makes no sense.
    Webhook(const service::Runtime& runtime, const std::string& name, const WebhookOptions& options,
            const gallery::RedisOptions& redis);
    /// Requests runtime.stop, since an error at the start may be what ends it, and waits.
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
    Counter set_aside_;
    Counter retried_;
    Gauge behind_;
    std::jthread thread_;
};

/// All that are set up. Throws as Webhook.
std::vector<std::unique_ptr<Webhook>> webhooks(const service::Runtime& runtime,
                                               const std::map<std::string, WebhookOptions>& hooks,
                                               const gallery::RedisOptions& redis,
                                               const gallery::HistoryOptions& history);

}  // namespace facebus::gateway
