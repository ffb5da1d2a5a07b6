#include "bus/outbox.hpp"

#include <algorithm>
#include <utility>

namespace facebus::bus {

void Outbox::add(std::string ref, std::string group, Message message, Kind kind) {
    entries_.push_back({std::move(ref), std::move(group), std::move(message), kind, {}});
}

std::optional<Outbox::Kind> Outbox::drop_oldest_if_full() {
    if (!full()) return std::nullopt;
    offered_.reset();
    auto oldest = std::ranges::find(entries_, Kind::probe, &Entry::kind);
    if (oldest == entries_.end()) oldest = entries_.begin();
    const auto kind = oldest->kind;
    entries_.erase(oldest);
    return kind;
}

// Takes linear time, so first_due() and next_due() take quadratic time in the worst case. That is
// fast enough for a few hundred entries, such as the default capacity.
bool Outbox::must_wait(std::size_t index) const {
    const auto& entry = entries_[index];
    if (entry.kind != Kind::closing) return false;
    return std::any_of(
        entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(index),
        [&](const Entry& earlier) { return earlier.group.starts_with(entry.group); });
}

std::optional<std::size_t> Outbox::first_due(Time now) const {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const auto& entry = entries_[i];
        if ((!entry.sent || now - *entry.sent >= options_.resend) && !must_wait(i)) return i;
    }
    return std::nullopt;
}

const Message* Outbox::next_to_send(Time now) {
    offered_ = first_due(now);
    return offered_ ? &entries_[*offered_].message : nullptr;
}

bool Outbox::mark_sent(Time now) {
    if (!offered_) return false;
    auto& entry = entries_[*offered_];
    offered_.reset();
    return std::exchange(entry.sent, now).has_value() && entry.kind == Kind::probe;
}

std::optional<Outbox::Kind> Outbox::acknowledge(std::string_view ref) {
    offered_.reset();
    const auto entry = std::ranges::find(entries_, ref, &Entry::ref);
    if (entry == entries_.end()) return std::nullopt;
    const auto kind = entry->kind;
    entries_.erase(entry);
    return kind;
}

std::optional<Outbox::Time> Outbox::next_due() const {
    std::optional<Time> next;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (must_wait(i)) continue;
        const auto due = entries_[i].sent ? *entries_[i].sent + options_.resend : Time::min();
        if (!next || due < *next) next = due;
    }
    return next;
}

}  // namespace facebus::bus
