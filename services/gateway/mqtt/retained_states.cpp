#include "gateway/mqtt/retained_states.hpp"

#include <utility>

namespace facebus::gateway {
namespace {

// Anybody can publish below our topics, so the number of topics to remember needs a bound.
constexpr std::size_t max_found = 50'000;

}  // namespace

void RetainedStates::put(const std::string& topic, std::string text) {
    const auto [entry, inserted] = texts_.try_emplace(topic);
    if (!inserted && entry->second == text) return;
    entry->second = std::move(text);
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

void RetainedStates::found(const std::string& topic) {
    if (found_.size() < max_found) found_.insert(topic);
}

void RetainedStates::remove_stale() {
    for (const auto& topic : std::exchange(found_, {})) {
        if (!texts_.contains(topic)) pending_.insert(topic);
    }
}

void RetainedStates::remove(const std::string& topic) {
    states_.erase(topic);
    if (texts_.erase(topic) > 0) pending_.insert(topic);
}

void RetainedStates::resend_all() {
    for (const auto& [topic, text] : texts_) pending_.insert(topic);
}

std::optional<RetainedStates::Message> RetainedStates::next() {
    if (pending_.empty()) return std::nullopt;
    const auto topic = pending_.extract(pending_.begin()).value();
    const auto text = texts_.find(topic);
    return Message{topic, text == texts_.end() ? std::string() : text->second};
}

}  // namespace facebus::gateway
