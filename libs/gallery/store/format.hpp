// Version of the layout of the data in Redis (see keys.hpp), and its migration to a later version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Version of the layout that this program reads and writes. Data without a stored version has
/// version 1. Before this number is raised, an empty database must be told apart from such data.
inline constexpr std::int64_t format_version = 1;

/// Returns the command that reads the version; check_format() checks its reply.
Redis::Command read_format();
/// Fails with `unavailable` if the stored version is not format_version, so that callers retry
/// until the program is upgraded or the data migrated. Also fails if the reply is an error, except
/// an error because of missing rights: Redis users that an earlier version of facebus created may
/// not read the version.
Result<void> check_format(const Result<Reply>& reply);

/// Returns a connection to Redis that checks the version each time that it connects. If the check
/// fails, the command that required the connection fails with the error of check_format().
Redis connect_to_data(RedisOptions options);

/// Throws FatalError (Exit::config) if the data has another version than format_version. Services
/// call this when they start. Does nothing if Redis is unavailable.
void require_format(const RedisOptions& options);

/// Step that changes the layout from one version to the next. It must be idempotent, because an
/// interrupted step is run again.
struct Migration {
    std::string what;  ///< for users: what the step does, and whether services must be stopped
    std::function<Result<void>(Redis&)> run;
};
/// Returns the steps from version 1 to format_version. Element i leads to version i + 2.
const std::vector<Migration>& migrations();

/// Runs those of `steps` that are missing in the data, in order, and stores the version after each
/// step. After an error or interruption, the next call continues with the step that failed. Calls
/// `on_step` before each step, and stops if it returns false. Returns the version after the last
/// step. Fails with `unavailable` if the data is newer than the last step, and with the errors of
/// the steps and of class Redis.
Result<std::int64_t> migrate(Redis& redis, const std::vector<Migration>& steps,
                             const std::function<bool(const Migration&)>& on_step);

}  // namespace facebus::gallery
