// Child processes that end when the command that started them ends.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/error.hpp"
#include "base/stop.hpp"

namespace facebus::cli {

/// A child process. The destructor sends SIGTERM to the child and, if the child still runs after 10
/// seconds, SIGKILL. The kernel kills the child if this process dies, and also when the thread that
/// called the constructor exits. Not thread-safe.
class Child {
  public:
    /// Starts `command`, which begins with the path of the program. The child gets the environment
    /// of this process, with the variables in `environment` added or replaced. Its standard output
    /// and standard error replace the contents of the file `log`. Throws FatalError (unavailable)
    /// if `log` cannot be written or the process cannot be created. If the program cannot be
    /// executed, the child exits with code 127.
    Child(std::string name, const std::vector<std::string>& command,
          const std::map<std::string, std::string>& environment, std::filesystem::path log);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::filesystem::path& log() const { return log_; }
    [[nodiscard]] bool running();
    /// Returns nothing while the child runs, then its exit code, or 128 + signal number if a signal
    /// ended it.
    [[nodiscard]] std::optional<int> exit_code();
    /// Returns the last line of the log that is not empty. If a facebus program fails, this line
    /// states the reason.
    [[nodiscard]] std::string last_log_line() const;

    /// Sends SIGTERM without waiting for the exit.
    void terminate();

  private:
    void wait_or_kill();

    std::string name_;
    std::filesystem::path log_;
    pid_t pid_ = -1;
    int pidfd_ = -1;  ///< becomes readable when the child exits
    std::optional<int> exit_code_;
};

/// Socket on which child processes report that they are ready, with the protocol of sd_notify(3).
/// Not thread-safe.
class ReadyListener {
  public:
    /// Listens on the path `socket`. Throws FatalError (unavailable) if that fails. Children must
    /// get this path in the environment variable NOTIFY_SOCKET.
    explicit ReadyListener(const std::filesystem::path& socket);
    ~ReadyListener();
    ReadyListener(const ReadyListener&) = delete;
    ReadyListener& operator=(const ReadyListener&) = delete;

    /// Blocks until a child reports that it is ready, and returns true. Returns false if a stop was
    /// requested. Throws FatalError with the last log line of `child` if `child` exits or is not
    /// ready after 60 seconds. Requires: all other children have reported, because a report does
    /// not state which child sent it.
    bool wait(Child& child, const Stop& stop);

  private:
    int descriptor_;
};

}  // namespace facebus::cli
