#include "bus/outbox.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace facebus::bus {

void Outbox::add(std::string ref, std::string group, Message message, Kind kind, bool live) {
    const auto number = ++added_;
    numbers_[ref] = number;
    open_[group].insert(number);
    schedule_.emplace(Time::min(), number);
    entries_.emplace(number,
                     Entry{std::move(ref), std::move(group), std::move(message), kind, live});
    if (live) ++live_;
}

std::optional<Outbox::Dropped> Outbox::drop_if_full() {
    if (live_ < options_.capacity) return std::nullopt;
    const auto camera = [](const Entry& entry) {
        return std::string_view(entry.group).substr(0, entry.group.find('/'));
    };
    std::map<std::string_view, std::size_t> sizes;
    for (const auto& entry : entries_ | std::views::values) {
        if (entry.live) ++sizes[camera(entry)];
    }
    const auto largest =
        std::ranges::max_element(sizes, {}, [](const auto& size) { return size.second; });
    const auto oldest = [&](bool any_kind) {
        return std::ranges::find_if(entries_, [&](const auto& numbered) {
            const auto& entry = numbered.second;
            return entry.live && camera(entry) == largest->first &&
                   (any_kind || entry.kind == Kind::probe);
        });
    };
    auto entry = oldest(false);
    if (entry == entries_.end()) entry = oldest(true);
    Dropped dropped{entry->second.ref, entry->second.kind, entry->second.sent};
    remove(entry);
    return dropped;
}

bool Outbox::must_wait(std::uint64_t number) const {
    const auto& entry = entries_.at(number);
    if (entry.kind != Kind::closing) return false;
    for (auto group = open_.lower_bound(entry.group);
         group != open_.end() && group->first.starts_with(entry.group); ++group) {
        if (*group->second.begin() < number) return true;
    }
    return false;
}

const Message* Outbox::next_to_send(Time now) {
    offered_.reset();
    for (const auto& [due, number] : schedule_) {
        if (due > now) break;
        if (must_wait(number)) continue;
        offered_ = number;
        return &entries_.at(number).message;
    }
    return nullptr;
}

bool Outbox::mark_sent(Time now) {
    if (!offered_) return false;
    auto& found = *entries_.find(*std::exchange(offered_, std::nullopt));
    auto& entry = found.second;
    const auto longest = std::max(options_.resend, options_.max_resend);
    auto wait = options_.resend;
    for (int i = 0; i < entry.attempts && wait < longest; ++i) wait *= 2;
    ++entry.attempts;
    schedule(found, now + (entry.published ? longest : std::min(wait, longest)));
    return std::exchange(entry.sent, true) && entry.kind == Kind::probe;
}

std::optional<Outbox::Kind> Outbox::acknowledge(std::string_view ref, Time now) {
    hear(now);
    const auto entry = find(ref);
    if (entry == entries_.end()) return std::nullopt;
    return remove(entry);
}

void Outbox::mark_published(std::string_view ref, Time now) {
    hear(now);
    const auto entry = find(ref);
    if (entry == entries_.end()) return;
    stop_holding_back(*entry);
    entry->second.published = true;
    schedule(*entry, now + std::max(options_.resend, options_.max_resend));
}

void Outbox::resend_all() {
    for (auto& entry : entries_) {
        if (!entry.second.sent) continue;
        entry.second.attempts = 0;
        entry.second.published = false;
        open_[entry.second.group].insert(entry.first);
        schedule(entry, Time::min());
    }
}

std::optional<Outbox::Time> Outbox::next_due() const {
    for (const auto& [due, number] : schedule_) {
        if (!must_wait(number)) return due;
    }
    return std::nullopt;
}

/// Records that the broker reported something. If it had been silent, it was unavailable or hung,
/// so entries that it has not reported are resent soon.
void Outbox::hear(Time now) {
    const bool silent = !heard_ || now - *heard_ > std::max(options_.resend, options_.max_resend);
    heard_ = now;
    if (!silent) return;
    for (auto& entry : entries_) {
        if (!entry.second.sent || entry.second.published) continue;
        entry.second.attempts = std::min(entry.second.attempts, 1);
        schedule(entry, std::min(entry.second.due, now + options_.resend));
    }
}

void Outbox::schedule(Entries::value_type& entry, Time due) {
    offered_.reset();
    schedule_.erase({entry.second.due, entry.first});
    entry.second.due = due;
    schedule_.emplace(due, entry.first);
}

void Outbox::stop_holding_back(const Entries::value_type& entry) {
    const auto group = open_.find(entry.second.group);
    if (group == open_.end()) return;
    group->second.erase(entry.first);
    if (group->second.empty()) open_.erase(group);
}

Outbox::Kind Outbox::remove(Entries::iterator entry) {
    offered_.reset();
    stop_holding_back(*entry);
    schedule_.erase({entry->second.due, entry->first});
    numbers_.erase(entry->second.ref);
    const auto kind = entry->second.kind;
    if (entry->second.live) --live_;
    entries_.erase(entry);
    return kind;
}

Outbox::Entries::iterator Outbox::find(std::string_view ref) {
    const auto number = numbers_.find(std::string(ref));
    return number == numbers_.end() ? entries_.end() : entries_.find(number->second);
}

}  // namespace facebus::bus
