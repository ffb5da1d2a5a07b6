#include "gallery/history/history.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "gallery/id.hpp"
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
    }
    if (!entry.topic.empty()) entry.id = parts[0].text();
    return entry;
}

}  // namespace

History::History(RedisOptions options, double hours)
    : redis_(std::move(options)), keep_ms_(to_milliseconds(hours)) {}

Result<void> History::append(const std::string& topic, std::string_view header,
                             const std::string& subject_id, const std::string& track,
                             const std::vector<std::string>& also_named) {
    if (keep_ms_ == 0) return {};
    std::vector<std::string> arguments{
        fmt::to_string(keep_ms_), topic, std::string(header), subject_id, track,
        keys::subject_prefix};
    arguments.insert(arguments.end(), also_named.begin(), also_named.end());
    auto reply = redis_.eval(scripts::publish, {keys::results}, arguments);
    if (!reply) return std::unexpected(std::move(reply.error()));
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

}  // namespace facebus::gallery
