#include "gallery/store/erasure.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"

namespace facebus::gallery {
namespace {

/// Returns whether the track could show the person in `samples`: whether any of its probes is a
/// plausible match (see plausible_match) or cannot be decoded. `track` is a reply to HGETALL.
bool may_show(const Reply& track, const std::vector<Embedding>& samples) {
    const auto& fields = track.elements();
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const auto stored = unpack_probe(std::string(fields[i].text()), fields[i + 1].text());
        // A probe that cannot be decoded could show the person, so the track must be erased.
        if (!stored) return true;
        const bool similar = std::ranges::any_of(samples, [&](const Embedding& sample) {
            return similarity(stored->probe.embedding, sample) > plausible_match;
        });
        if (similar) return true;
    }
    return false;
}

/// Returns the value of a Redis setting, or an empty string if it cannot be read.
std::string read_setting(Redis& redis, const std::string& name) {
    const auto reply = redis.run({"CONFIG", "GET", name});
    if (!reply || reply->elements().size() != 2) return {};
    return std::string(reply->elements()[1].text());
}

}  // namespace

Result<void> forget_tracks(Redis& redis, const std::vector<Embedding>& samples) {
    // SCAN does not block Redis, and returns every key that exists during the whole iteration.
    std::string cursor = "0";
    do {
        auto page = redis.run({"SCAN", cursor, "MATCH", keys::track_prefix + "*", "COUNT", "1000"});
        if (!page) return std::unexpected(std::move(page.error()));
        if (page->elements().size() != 2) {
            return fail(ErrorKind::malformed, "Redis sent an unexpected reply to SCAN");
        }
        cursor = page->elements()[0].text();
        for (const Reply& key : page->elements()[1].elements()) {
            const std::string name(key.text());
            const auto track = redis.run({"HGETALL", name});
            if (!track && track.error().kind == ErrorKind::unavailable) {
                return std::unexpected(track.error());
            }
            // After any other error, such as a value of the wrong type or a reply that is too
            // large, the track cannot be checked, so delete it.
            if (track && !may_show(*track, samples)) continue;
            if (auto deleted = redis.run({"DEL", name}); !deleted) {
                return std::unexpected(deleted.error());
            }
        }
    } while (cursor != "0");
    return {};
}

Result<std::string> rewrite_files(Redis& redis) {
    std::vector<std::string> manual_commands;
    const auto request = [&](const Redis::Command& command) -> Result<void> {
        const auto reply = redis.run(command);
        if (reply) return {};
        if (reply.error().kind == ErrorKind::unavailable) return std::unexpected(reply.error());
        // Redis rejects the command if the Redis user of facebus lacks permission, or if the same
        // kind of rewrite is already running. (While the other kind runs, Redis schedules the
        // command.) A running rewrite may have started before the deletion and may write the
        // deleted data again. In both cases an administrator must run the command.
        manual_commands.push_back(command.front());
        return {};
    };
    // Rewrite the append-only file, unless the setting `appendonly` is "no", and the RDB snapshot,
    // if the setting `save` contains save points. If the settings cannot be read, only the
    // append-only file is rewritten.
    const auto log = read_setting(redis, "appendonly");
    const auto snapshots = read_setting(redis, "save");
    if (log != "no") {
        if (auto done = request({"BGREWRITEAOF"}); !done) return std::unexpected(done.error());
    }
    if (!snapshots.empty()) {
        auto done = request({"BGSAVE", "SCHEDULE"});
        if (!done) return std::unexpected(done.error());
    }
    return manual_commands.empty() ? std::string()
                                   : fmt::format("{}", fmt::join(manual_commands, " and "));
}

}  // namespace facebus::gallery
