// A Redis of one's own for a test.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/temporary_folder.hpp"

namespace facebus::test {

/// Runs redis-server on a Unix socket in a folder of its own, with nothing saved to disk; both are
/// gone when the object is, and the server also when the test crashes. Create it on the main
/// thread. Throws std::runtime_error with what the server said if it does not start.
class RedisServer {
  public:
    /// Whether redis-server is on the PATH.
    static bool installed();

    /// `options` go to redis-server's command line: {"--requirepass", "secret"}.
    explicit RedisServer(std::vector<std::string> options = {});
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    /// unix:///…/redis.sock?db=0
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::string socket() const { return (folder_ / "redis.sock").string(); }

    /// Ends the server and waits until it is gone. Its data go with it.
    void stop();
    /// Starts it again on the same socket and waits until it takes connections.
    void start();
    /// Lets the server hang (true) and go on (false): connections stay, answers don't come.
    void freeze(bool frozen) const;

  private:
    TemporaryFolder folder_;
    std::vector<std::string> options_;
    pid_t process_ = -1;
};

/// For a global fixture: ends the test program with exit code 77, which CTest counts as skipped, if
/// redis-server is not installed.
struct SkipWithoutRedis {
    SkipWithoutRedis();
};

}  // namespace facebus::test
