// Redis server for one test.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/temporary_folder.hpp"

namespace facebus::test {

/// Runs redis-server on a Unix socket in a temporary folder, without saving data to disk. The
/// destructor removes both; the server also ends if the test crashes. Requires: created on the main
/// thread, because the kernel ends the server with the thread that created it. Throws
/// `std::runtime_error` with the server's output if it does not start.
class RedisServer {
  public:
    /// Returns whether redis-server is on the PATH.
    static bool installed();

    /// Appends `options` to redis-server's command line: {"--requirepass", "secret"}.
    explicit RedisServer(std::vector<std::string> options = {});
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    /// Returns unix:///…/redis.sock?db=0
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::string socket() const { return (folder_ / "redis.sock").string(); }

    /// Kills the server and waits until it has exited. Its data are lost.
    void stop();
    /// Starts the server on the same socket and waits until it accepts connections.
    void start();
    /// Suspends (true) or resumes (false) the server. While suspended, connections stay open but
    /// get no replies.
    void freeze(bool frozen) const;

  private:
    TemporaryFolder folder_;
    std::vector<std::string> options_;
    pid_t process_ = -1;
};

/// Global fixture that skips the suite (exit code 77) if redis-server is not installed.
struct SkipWithoutRedis {
    SkipWithoutRedis();
};

}  // namespace facebus::test
