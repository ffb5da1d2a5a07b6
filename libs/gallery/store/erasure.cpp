#include "gallery/store/erasure.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"

namespace facebus::gallery {
namespace {

bool shows(const Reply& track, const std::vector<Embedding>& samples) {
    const auto& fields = track.elements();
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const auto stored = unpack_probe(std::string(fields[i].text()), fields[i + 1].text());
        if (!stored) return true;
        const bool alike = std::ranges::any_of(samples, [&](const Embedding& sample) {
            return similarity(stored->probe.embedding, sample) > plausible_match;
        });
        if (alike) return true;
    }
    return false;
}

/// The value of a setting, or nothing if Redis does not tell.
std::string setting(Redis& redis, const std::string& name) {
    const auto reply = redis.run({"CONFIG", "GET", name});
    if (!reply || reply->elements().size() != 2) return {};
    return std::string(reply->elements()[1].text());
}

}  // namespace

Result<void> forget_tracks(Redis& redis, const std::vector<Embedding>& samples) {
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
            if (track && !shows(*track, samples)) continue;
            if (auto gone = redis.run({"DEL", name}); !gone) return std::unexpected(gone.error());
        }
    } while (cursor != "0");
    return {};
}

Result<std::string> rewrite_files(Redis& redis) {
    std::vector<std::string> manual_commands;
    const auto ask = [&](const Redis::Command& command) -> Result<void> {
        const auto reply = redis.run(command);
        if (reply) return {};
        if (reply.error().kind == ErrorKind::unavailable) return std::unexpected(reply.error());
        // One that is being written or that waits already is not refused; only rights are.
        manual_commands.push_back(command.front());
        return {};
    };
    const auto log = setting(redis, "appendonly");
    const auto snapshots = setting(redis, "save");
    if (log != "no") {
        if (auto asked = ask({"BGREWRITEAOF"}); !asked) return std::unexpected(asked.error());
    }
    if (!snapshots.empty()) {
        auto asked = ask({"BGSAVE", "SCHEDULE"});
        if (!asked) return std::unexpected(asked.error());
    }
    return manual_commands.empty() ? std::string()
                                   : fmt::format("{}", fmt::join(manual_commands, " and "));
}

}  // namespace facebus::gallery
