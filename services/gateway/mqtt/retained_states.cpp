#include "gateway/mqtt/retained_states.hpp"

#include <utility>

namespace facebus::gateway {
namespace {

// Topics of others that are looked at until they are forgotten.
constexpr std::size_t most_found = 50'000;

}  // namespace

void RetainedStates::put(const std::string& topic, std::string text) {
    const auto [place, fresh] = texts_.try_emplace(topic);
    if (!fresh && place->second == text) return;
    place->second = std::move(text);
    waiting_.insert(topic);
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
    if (found_.size() < most_found) found_.insert(topic);
}

void RetainedStates::forget_strangers() {
    for (const auto& topic : std::exchange(found_, {})) {
        if (!texts_.contains(topic)) waiting_.insert(topic);
    }
}

void RetainedStates::remove(const std::string& topic) {
    states_.erase(topic);
    if (texts_.erase(topic) > 0) waiting_.insert(topic);
}

void RetainedStates::start_again() {
    for (const auto& [topic, text] : texts_) waiting_.insert(topic);
}

std::optional<RetainedStates::Message> RetainedStates::next() {
    if (waiting_.empty()) return std::nullopt;
    const auto topic = waiting_.extract(waiting_.begin()).value();
    const auto text = texts_.find(topic);
    return Message{topic, text == texts_.end() ? std::string() : text->second};
}

}  // namespace facebus::gateway
