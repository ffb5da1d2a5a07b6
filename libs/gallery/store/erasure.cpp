#include "gallery/store/erasure.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"

namespace facebus::gallery {
namespace {

/// Returns whether a probe of the track is a plausible match of a sample, or does not decode.
bool shows(const Reply& track, const std::vector<Embedding>& samples) {
    const auto& fields = track.elements();
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const auto stored = unpack_probe(std::string(fields[i].text()), fields[i + 1].text());
        if (!stored) return true;  // cannot be shown to be another person, so erase it
        const bool similar = std::ranges::any_of(samples, [&](const Embedding& sample) {
            return similarity(stored->probe.embedding, sample) > plausible_match;
        });
        if (similar) return true;
    }
    return false;
}

/// Returns the value of a setting, or an empty string if Redis does not reveal it.
std::string setting(Redis& redis, const std::string& name) {
    const auto reply = redis.run({"CONFIG", "GET", name});
    if (!reply || reply->elements().size() != 2) return {};
    return std::string(reply->elements()[1].text());
}

}  // namespace

Result<void> forget_tracks(Redis& redis, const std::vector<Embedding>& samples) {
    // SCAN returns every key that exists during the whole iteration, and does not block Redis.
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
            // Any other error means that the track does not decode, so delete it.
            if (track && !shows(*track, samples)) continue;
            if (auto gone = redis.run({"DEL", name}); !gone) return std::unexpected(gone.error());
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
        // Redis accepts these commands also while a rewrite is running or scheduled. An error means
        // that our user lacks the right.
        manual_commands.push_back(command.front());
        return {};
    };
    // Rewrite only the files that Redis keeps: the append-only file, unless it is known to be off,
    // and the snapshot, if snapshots are configured.
    const auto log = setting(redis, "appendonly");
    const auto snapshots = setting(redis, "save");
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
