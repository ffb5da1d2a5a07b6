#include "gateway/mqtt/retained_states.hpp"

#include <utility>

namespace facebus::gateway {
namespace {

// Maximum number of topics that note_existing() records. Any MQTT client can publish on topics with
// the gateway's prefix, so this number must be limited.
constexpr std::size_t max_existing = 50'000;

}  // namespace

void RetainedStates::put(const std::string& topic, std::string payload) {
    const auto [entry, inserted] = payloads_.try_emplace(topic);
    if (!inserted && entry->second == payload) return;
    entry->second = std::move(payload);
    pending_.insert(topic);
}

void RetainedStates::set(const std::string& topic, const std::string& text) {
    put(topic, text);
}

void RetainedStates::set(const std::string& topic, Json state, const std::string& since) {
    if (const auto before = states_.find(topic); before != states_.end()) {
        if (before->second == state) return;
    }
    states_[topic] = state;
    state["since"] = since;
    put(topic, dump(state));
}

void RetainedStates::note_existing(const std::string& topic) {
    if (existing_.size() < max_existing) existing_.insert(topic);
}

void RetainedStates::remove_stale() {
    for (const auto& topic : std::exchange(existing_, {})) {
        if (!payloads_.contains(topic)) pending_.insert(topic);
    }
}

void RetainedStates::remove(const std::string& topic) {
    states_.erase(topic);
    if (payloads_.erase(topic) > 0) pending_.insert(topic);
}

void RetainedStates::resend_all() {
    for (const auto& [topic, payload] : payloads_) pending_.insert(topic);
}

std::optional<RetainedStates::Message> RetainedStates::next() {
    if (pending_.empty()) return std::nullopt;
    const auto topic = pending_.extract(pending_.begin()).value();
    const auto payload = payloads_.find(topic);
    return Message{topic, payload == payloads_.end() ? std::string() : payload->second};
}

}  // namespace facebus::gateway
