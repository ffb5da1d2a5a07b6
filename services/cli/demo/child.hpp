// Programs that a command starts and must not leave behind.
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

/// A running program. It dies with its parent, whatever happens to the parent, and is ended by the
/// destructor: first SIGTERM, then, after a grace period, SIGKILL. Not thread-safe.
class Child {
  public:
    /// Starts `command` with `environment` added to this process'; standard output and error go to
    /// the file `log`. Throws StartupError (unavailable) if it can't be started.
    Child(std::string name, const std::vector<std::string>& command,
          const std::map<std::string, std::string>& environment, std::filesystem::path log);
    ~Child();
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool running();
    /// The exit code, or 128 + signal; nothing while it runs.
    [[nodiscard]] std::optional<int> exit_code();
    /// The last line that it wrote to its log: with facebus programs, what is wrong.
    [[nodiscard]] std::string last_words() const;

    void terminate();

  private:
    void wait_or_kill();

    std::string name_;
    std::filesystem::path log_;
    pid_t pid_ = -1;
    int pidfd_ = -1;
    std::optional<int> exit_code_;
};

/// A socket on which started programs say that they are ready, in the protocol of sd_notify(3).
class ReadyListener {
  public:
    /// Listens on the path `socket`, to be given to children as NOTIFY_SOCKET.
    explicit ReadyListener(const std::filesystem::path& socket);
    ~ReadyListener();
    ReadyListener(const ReadyListener&) = delete;
    ReadyListener& operator=(const ReadyListener&) = delete;

    /// Waits until one program has said that it is ready. False: the stop was requested. Throws
    /// StartupError with the child's last words if `child` ends instead, or says nothing for 60 s.
    bool wait(Child& child, const Stop& stop);

  private:
    int descriptor_;
};

}  // namespace facebus::cli
