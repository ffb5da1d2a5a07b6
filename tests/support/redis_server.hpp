// Redis server for tests.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/temporary_folder.hpp"

namespace facebus::test {

/// Runs redis-server on a Unix socket in a temporary folder, without saving data to disk. The
/// destructor stops the server and removes the folder. The kernel kills the server if the test
/// crashes, but also when the thread that started the server exits. Requires: the constructor and
/// start() are called in the main thread. Both throw `std::runtime_error` with the server's output
/// if the server does not start.
class RedisServer {
  public:
    /// Returns whether redis-server is on the PATH.
    static bool installed();

    /// Starts the server. `options` is appended to its command line, for example
    /// {"--requirepass", "secret"}.
    explicit RedisServer(std::vector<std::string> options = {});
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    /// Returns the URL of the server: unix:///…/redis.sock?db=0
    [[nodiscard]] std::string url() const;
    /// Returns the path of the socket.
    [[nodiscard]] std::string socket() const { return (folder_ / "redis.sock").string(); }

    /// Kills the server and waits until it has exited. Its data is lost.
    void stop();
    /// Starts the server again, on the same socket, and waits until it accepts connections.
    void start();
    /// Suspends the server if `frozen`, and resumes it otherwise. While it is suspended,
    /// connections stay open but receive no replies.
    void freeze(bool frozen) const;

  private:
    TemporaryFolder folder_;
    std::vector<std::string> options_;
    pid_t process_ = -1;
};

/// Global fixture that skips the test program (exit code 77) if redis-server is not installed.
struct SkipWithoutRedis {
    SkipWithoutRedis();
};

}  // namespace facebus::test
