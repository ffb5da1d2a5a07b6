// Child processes that a command starts and always stops.
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

/// A child process. The kernel kills it if this process dies. The destructor stops it: first with
/// SIGTERM, then, after 10 seconds, with SIGKILL. Not thread-safe.
class Child {
  public:
    /// Starts `command` with `environment` added to the environment of this process. Standard
    /// output and error go to the file `log`. Throws FatalError (unavailable) if it can't be
    /// started.
    Child(std::string name, const std::vector<std::string>& command,
          const std::map<std::string, std::string>& environment, std::filesystem::path log);
    ~Child();
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool running();
    /// Returns the exit code, or 128 + signal, or nothing while it runs.
    [[nodiscard]] std::optional<int> exit_code();
    /// Returns the last line of its log. facebus programs state there why they ended.
    [[nodiscard]] std::string last_log_line() const;

    /// Sends SIGTERM without waiting for the end.
    void terminate();

  private:
    void wait_or_kill();

    std::string name_;
    std::filesystem::path log_;
    pid_t pid_ = -1;
    int pidfd_ = -1;
    std::optional<int> exit_code_;
};

/// Socket on which child processes report that they are ready, in the protocol of sd_notify(3). Not
/// thread-safe.
class ReadyListener {
  public:
    /// Listens on the path `socket`, which children get as NOTIFY_SOCKET. Throws FatalError
    /// (unavailable) if that fails.
    explicit ReadyListener(const std::filesystem::path& socket);
    ~ReadyListener();
    ReadyListener(const ReadyListener&) = delete;
    ReadyListener& operator=(const ReadyListener&) = delete;

    /// Blocks until a program reports that it is ready. Returns false if a stop was requested.
    /// Throws FatalError with the child's last log line if `child` ends, or is not ready after
    /// 60 seconds.
    bool wait(Child& child, const Stop& stop);

  private:
    int descriptor_;
};

}  // namespace facebus::cli
