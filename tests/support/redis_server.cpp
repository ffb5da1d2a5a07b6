#include "support/redis_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace facebus::test {
namespace {

constexpr int start_timeout_ms = 30'000;

/// Returns the path of redis-server, or an empty string if it is not on the PATH.
std::string find_server() {
    const char* path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
        const auto colon = rest.find(':');
        const auto file = std::filesystem::path(rest.substr(0, colon)) / "redis-server";
        if (access(file.c_str(), X_OK) == 0) return file.string();
        rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    }
    return {};
}

/// Reads the output of the server until the server reports that it is ready. Throws
/// `std::runtime_error` if the server exits first or is not ready within start_timeout_ms.
void await_ready(int output) {
    using std::chrono::milliseconds;
    using std::chrono::steady_clock;
    const auto deadline = steady_clock::now() + milliseconds(start_timeout_ms);
    std::string printed;
    for (;;) {
        // Redis 7 writes "Ready to accept connections"; older versions write "ready …".
        if (printed.find("eady to accept connections") != std::string::npos) return;
        const auto left =
            std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
        pollfd waiting{output, POLLIN, 0};
        const int ready = poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left)));
        if (ready == -1 && errno == EINTR) continue;
        std::array<char, 4096> buffer{};
        const ssize_t got = ready > 0 ? read(output, buffer.data(), buffer.size()) : 0;
        if (got <= 0) throw std::runtime_error("redis-server did not start: " + printed);
        printed.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

bool RedisServer::installed() {
    return !find_server().empty();
}

RedisServer::RedisServer(std::vector<std::string> options) : options_(std::move(options)) {
    start();
}

RedisServer::~RedisServer() {
    stop();
}

std::string RedisServer::url() const {
    return "unix://" + socket() + "?db=0";
}

void RedisServer::start() {
    // With small stream nodes, approximate trimming has an effect after a few entries. Without
    // compression, a test can search for bytes in a dump.
    std::vector<std::string> words{find_server(),
                                   "--port",
                                   "0",
                                   "--unixsocket",
                                   socket(),
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--dir",
                                   folder_.path(),
                                   "--stream-node-max-entries",
                                   "10",
                                   "--logfile",
                                   "",
                                   "--rdbcompression",
                                   "no",
                                   "--daemonize",
                                   "no"};
    words.insert(words.end(), options_.begin(), options_.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    std::array<int, 2> output{};
    if (pipe(output.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    const pid_t parent = getpid();
    process_ = fork();
    if (process_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        dup2(output[1], STDOUT_FILENO);
        dup2(output[1], STDERR_FILENO);
        close(output[0]);
        close(output[1]);
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    close(output[1]);
    if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    try {
        await_ready(output[0]);
    } catch (const std::exception&) {
        close(output[0]);
        stop();
        throw;
    }
    // From here on, nobody reads the output of Redis. Redis ignores SIGPIPE, so it keeps running.
    close(output[0]);
}

void RedisServer::stop() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    while (waitpid(process_, nullptr, 0) == -1 && errno == EINTR) {
    }
    process_ = -1;
    std::error_code ignored;
    std::filesystem::remove(socket(), ignored);
}

void RedisServer::freeze(bool frozen) const {
    kill(process_, frozen ? SIGSTOP : SIGCONT);
    if (!frozen) return;
    // The signal takes effect asynchronously, so wait until the kernel reports that the process has
    // stopped.
    int status = 0;
    while (waitpid(process_, &status, WUNTRACED) == -1 && errno == EINTR) {
    }
}

SkipWithoutRedis::SkipWithoutRedis() {
    if (RedisServer::installed()) return;
    std::fputs("skipped: redis-server is not installed\n", stderr);
    std::_Exit(77);
}

}  // namespace facebus::test
