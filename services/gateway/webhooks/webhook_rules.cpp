#include "gateway/webhooks/webhook_rules.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "crypto/digest.hpp"

namespace facebus::gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_delay(1000);
constexpr milliseconds max_delay(300'000);
constexpr std::int64_t max_retry_after_s = 3600;

/// Returns the delay in a Retry-After header, at most one hour, or 0 if the header is not a number
/// of seconds.
milliseconds parse_retry_after(const std::string& retry_after) {
    std::int64_t seconds = 0;
    const auto* end = retry_after.data() + retry_after.size();
    const auto [rest, error] = std::from_chars(retry_after.data(), end, seconds);
    if (error != std::errc{} || rest != end) return milliseconds(0);
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, max_retry_after_s));
}

}  // namespace

std::map<std::string, std::string> webhook_headers(const std::string& id, std::int64_t unix_time,
                                                   const std::string& body,
                                                   const std::string& secret) {
    const auto time = fmt::to_string(unix_time);
    return {{"Content-Type", "application/json"},
            {"User-Agent", "facebus"},
            {"X-Facebus-Id", id},
            {"X-Facebus-Timestamp", time},
            {"X-Facebus-Signature", "v1=" + crypto::hmac_sha256(secret, time + "." + body)}};
}

WebhookOutcome webhook_outcome(int status) {
    if (status >= 200 && status < 300) return WebhookOutcome::delivered;
    if (status == 408 || status == 429 || (status >= 502 && status <= 504)) {
        return WebhookOutcome::unavailable;
    }
    return WebhookOutcome::refused;
}

milliseconds Backoff::next(const std::string& retry_after) {
    auto delay = first_delay;
    for (int i = 0; i < attempts_ && delay < max_delay; ++i) delay *= 2;
    delay = std::min(delay, max_delay);
    ++attempts_;
    const auto half = static_cast<std::size_t>(delay.count() / 2);
    delay -= milliseconds(random_.below(half + 1));
    return std::max(delay, parse_retry_after(retry_after));
}

}  // namespace facebus::gateway
