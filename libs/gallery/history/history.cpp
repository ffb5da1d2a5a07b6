#include "gallery/history/history.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "gallery/id.hpp"
#include "gallery/store/format.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/scripts.hpp"

namespace facebus::gallery {
namespace {

std::int64_t to_milliseconds(double hours) {
    constexpr double max_hours = 24 * 365 * 100;
    return hours > 0 ? std::llround(std::min(hours, max_hours) * 3'600'000) : 0;
}

/// Decodes a stream entry. If it is not a result, returns a HistoryEntry with an empty id.
HistoryEntry decode(const Reply& reply) {
    const auto& parts = reply.elements();
    HistoryEntry entry;
    if (parts.size() != 2) return entry;
    const auto& fields = parts[1].elements();
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        if (fields[i].text() == "topic") entry.topic = fields[i + 1].text();
        if (fields[i].text() == "header") entry.header = fields[i + 1].text();
        if (fields[i].text() == "subject") entry.subject_id = fields[i + 1].text();
        if (fields[i].text() == "track") entry.track = fields[i + 1].text();
    }
    if (!entry.topic.empty()) entry.id = parts[0].text();
    return entry;
}

}  // namespace

History::History(RedisOptions options, double hours)
    : redis_(connect_to_data(std::move(options))), keep_ms_(to_milliseconds(hours)) {}

Result<void> History::append(const std::string& topic, std::string_view header,
                             const std::string& subject_id, const std::string& track,
                             const std::vector<std::string>& also_named) {
    if (keep_ms_ == 0) return {};
    std::vector<std::string> arguments{
        fmt::to_string(keep_ms_), topic, std::string(header), subject_id, track,
        keys::subject_prefix,     last_};
    arguments.insert(arguments.end(), also_named.begin(), also_named.end());
    auto reply = redis_.eval(scripts::publish, {keys::results}, arguments);
    if (!reply) return std::unexpected(std::move(reply.error()));
    if (valid_stream_id(reply->text())) last_ = reply->text();  // otherwise the result was dropped
    return {};
}

Result<std::vector<HistoryEntry>> History::after(const std::string& id, std::size_t count) {
    if (!valid_stream_id(id)) {
        return fail(ErrorKind::malformed, "a result id must look like 1700000000000-0");
    }
    std::vector<HistoryEntry> entries;
    std::string last = id;
    while (entries.size() < count) {
        const std::size_t missing = count - entries.size();
        auto page = redis_.run(
            {"XRANGE", keys::results, "(" + last, "+", "COUNT", fmt::to_string(missing)});
        if (!page) return std::unexpected(std::move(page.error()));
        for (const Reply& reply : page->elements()) {
            if (auto entry = decode(reply); !entry.id.empty()) entries.push_back(std::move(entry));
        }
        if (page->elements().size() < missing) break;
        // The page may contain entries that are not results. Read further entries in their place,
        // because callers take fewer than `count` results as the end of the history.
        const auto& parts = page->elements().back().elements();
        if (parts.empty() || !valid_stream_id(parts.front().text())) break;
        last = parts.front().text();
    }
    return entries;
}

Result<std::optional<HistoryEntry>> History::find(const std::string& id) {
    const auto page = redis_.run({"XRANGE", keys::results, id, id});
    if (!page) return std::unexpected(page.error());
    if (page->elements().empty()) return std::nullopt;
    auto entry = decode(page->elements().front());
    if (entry.id.empty()) return std::nullopt;
    return entry;
}

Result<std::int64_t> History::now_ms() {
    const auto time = redis_.run({"TIME"});
    if (!time) return std::unexpected(time.error());
    const auto& parts = time->elements();
    if (parts.size() != 2) {
        return fail(ErrorKind::malformed, "Redis sent an unexpected reply to TIME");
    }
    return parts[0].number() * 1000 + parts[1].number() / 1000;
}

std::int64_t stream_id_ms(std::string_view id) {
    std::int64_t ms = 0;
    std::from_chars(id.data(), id.data() + id.size(), ms);
    return ms;
}

Result<std::string> History::newest() {
    const auto reply = redis_.run({"XREVRANGE", keys::results, "+", "-", "COUNT", "1"});
    if (!reply) return std::unexpected(reply.error());
    if (reply->elements().empty()) return "0-0";
    const auto& parts = reply->elements().front().elements();
    return parts.empty() ? std::string("0-0") : std::string(parts.front().text());
}

Result<std::size_t> History::restore(const std::vector<HistoryEntry>& entries) {
    if (keep_ms_ == 0) return 0;
    const auto now = now_ms();
    if (!now) return std::unexpected(now.error());
    const auto oldest = static_cast<std::uint64_t>(std::max<std::int64_t>(*now - keep_ms_, 0));
    std::vector<Redis::Command> commands;
    for (const auto& entry : entries) {
        if (parse_stream_id(entry.id).first < oldest) continue;
        commands.push_back({"XADD", keys::results, entry.id, "topic", entry.topic, "header",
                            entry.header, "subject", entry.subject_id, "track", entry.track});
    }
    const auto restored = commands.size();
    if (restored == 0) return 0;
    commands.push_back({"PEXPIRE", keys::results, fmt::to_string(keep_ms_)});
    if (auto done = redis_.pipeline(commands); !done) return std::unexpected(done.error());
    return restored;
}

Result<void> History::clear() {
    if (auto done = redis_.run({"UNLINK", keys::results}); !done) {
        return std::unexpected(done.error());
    }
    return {};
}

}  // namespace facebus::gallery
