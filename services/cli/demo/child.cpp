#include "cli/demo/child.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "service/config.hpp"

namespace facebus::cli {
namespace {

constexpr auto grace_period = std::chrono::seconds(10);  // between SIGTERM and SIGKILL
constexpr auto start_timeout = std::chrono::seconds(60);

/// Returns the strings as a null-terminated array for execve(). Requires: `texts` outlives the
/// array.
std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (auto& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

}  // namespace

Child::Child(std::string name, const std::vector<std::string>& command,
             const std::map<std::string, std::string>& environment, std::filesystem::path log)
    : name_(std::move(name)), log_(std::move(log)) {
    // Allocate all memory before the fork: this process may have several threads, and its child
    // must not allocate memory before execve().
    auto variables = service::process_environment();
    for (const auto& [key, value] : environment) variables[key] = value;
    std::vector<std::string> assignments;
    assignments.reserve(variables.size());
    for (const auto& [key, value] : variables)
        assignments.push_back(fmt::format("{}={}", key, value));
    auto arguments = command;
    const auto argv = pointers(arguments);
    const auto envp = pointers(assignments);
    const int output = open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (output < 0) {
        throw FatalError(Exit::unavailable,
                         fmt::format("cannot write {}: {}", log_.string(), std::strerror(errno)));
    }
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
        setpgid(0, 0);  // Ctrl-C reaches only the parent, which then stops its children
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        execve(argv[0], argv.data(), envp.data());
        dprintf(STDERR_FILENO, "cannot start %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    close(output);
    if (pid_ > 0) pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    if (pid_ < 0 || pidfd_ < 0) {
        throw FatalError(Exit::unavailable,
                         fmt::format("cannot start {}: {}", name_, std::strerror(errno)));
    }
    fcntl(pidfd_, F_SETFD, FD_CLOEXEC);
}

Child::~Child() {
    terminate();
    wait_or_kill();
    close(pidfd_);
}

bool Child::running() {
    return !exit_code();
}

std::optional<int> Child::exit_code() {
    if (exit_code_) return exit_code_;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return exit_code_;
}

std::string Child::last_log_line() const {
    std::ifstream in(log_);
    std::string last;
    for (std::string text; std::getline(in, text);) {
        if (!text.empty()) last = text;
    }
    return last;
}

void Child::terminate() {
    if (running()) kill(pid_, SIGTERM);
}

void Child::wait_or_kill() {
    const auto deadline = Monotonic::now() + grace_period;
    pollfd item{.fd = pidfd_, .events = POLLIN, .revents = 0};
    // A signal to this process, such as a second Ctrl-C, ends poll() early.
    while (running() && Monotonic::now() < deadline) poll(&item, 1, 200);
    if (!running()) return;
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
}

ReadyListener::ReadyListener(const std::filesystem::path& path)
    : descriptor_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto text = path.string();
    const void* raw = &address;
    if (text.size() >= sizeof address.sun_path) {
        throw FatalError(
            Exit::unavailable,
            fmt::format("{} is too long for the path of a socket; set TMPDIR to a shorter path",
                        text));
    }
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    if (descriptor_ < 0 ||
        bind(descriptor_, static_cast<const sockaddr*>(raw), sizeof address) != 0) {
        throw FatalError(Exit::unavailable,
                         fmt::format("cannot listen on {}: {}", text, std::strerror(errno)));
    }
}

ReadyListener::~ReadyListener() {
    close(descriptor_);
}

bool ReadyListener::wait(Child& child, const Stop& stop) {
    const auto deadline = Monotonic::now() + start_timeout;
    while (Monotonic::now() < deadline) {
        std::array<pollfd, 2> items{
            pollfd{.fd = descriptor_, .events = POLLIN, .revents = 0},
            pollfd{.fd = stop.descriptor(), .events = POLLIN, .revents = 0}};
        poll(items.data(), items.size(), 200);
        if (stop.requested()) return false;
        std::array<char, 512> text{};
        const auto size = recv(descriptor_, text.data(), text.size(), 0);
        if (size > 0 &&
            std::string_view(text.data(), static_cast<std::size_t>(size)).find("READY=1") !=
                std::string_view::npos) {
            return true;
        }
        if (!child.running()) {
            throw FatalError(Exit::unavailable,
                             fmt::format("{} did not start: {}; see {}", child.name(),
                                         child.last_log_line(), child.log().string()));
        }
    }
    throw FatalError(Exit::unavailable,
                     fmt::format("{} is not ready after 60 s: {}; see {}", child.name(),
                                 child.last_log_line(), child.log().string()));
}

}  // namespace facebus::cli
