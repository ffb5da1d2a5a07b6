#include "gallery/store/format.hpp"

#include <utility>

#include <fmt/format.h>

#include "gallery/store/keys.hpp"

namespace facebus::gallery {
namespace {

Error newer_format(std::int64_t found, std::int64_t supported) {
    return {ErrorKind::unavailable,
            fmt::format("the data in Redis has format {}, but this program supports only format "
                        "{}; upgrade this program, or use another Redis database (redis.url)",
                        found, supported)};
}

/// Returns the version in a reply to read_format(), or 1 if none is stored.
Result<std::int64_t> decode_format(const Reply& reply) {
    const auto version = reply.nil() ? 1 : reply.number();
    if (version >= 1) return version;
    return fail(ErrorKind::malformed,
                fmt::format("the key {} in Redis is not a version; restore Redis from a backup "
                            "(see docs/operations.md)",
                            keys::format));
}

}  // namespace

Redis::Command read_format() {
    return {"GET", keys::format};
}

Result<void> check_format(const Result<Reply>& reply) {
    if (!reply) {
        if (reply.error().message.contains("NOPERM")) return {};
        return std::unexpected(reply.error());
    }
    const auto version = decode_format(*reply);
    if (!version) return std::unexpected(version.error());
    if (*version > format_version) return std::unexpected(newer_format(*version, format_version));
    if (*version < format_version) {
        return fail(ErrorKind::unavailable,
                    fmt::format("the data in Redis has format {}, but this program requires format "
                                "{}; run `facebus migrate`",
                                *version, format_version));
    }
    return {};
}

Redis connect_to_data(RedisOptions options) {
    return Redis(std::move(options), {read_format(), check_format});
}

void require_format(const RedisOptions& options) {
    Redis redis(options);
    const auto stored = redis.run(read_format());
    if (!stored) return;  // the first command on the data reports the error
    if (const auto good = check_format(stored); !good) {
        throw FatalError(Exit::config, good.error().message);
    }
}

const std::vector<Migration>& migrations() {
    static const std::vector<Migration> none;  // version 1 is the only one so far
    return none;
}

Result<std::int64_t> migrate(Redis& redis, const std::vector<Migration>& steps,
                             const std::function<bool(const Migration&)>& on_step) {
    const auto latest = static_cast<std::int64_t>(steps.size()) + 1;
    const auto stored = redis.run(read_format());
    if (!stored) return std::unexpected(stored.error());
    auto version = decode_format(*stored);
    if (!version) return version;
    if (*version > latest) return std::unexpected(newer_format(*version, latest));
    while (*version < latest) {
        const auto& step = steps[static_cast<std::size_t>(*version) - 1];
        if (!on_step(step)) return version;
        if (auto done = step.run(redis); !done) return std::unexpected(std::move(done.error()));
        ++*version;
        const auto set = redis.run({"SET", keys::format, fmt::to_string(*version)});
        if (!set) return std::unexpected(set.error());
    }
    return version;
}

}  // namespace facebus::gallery
