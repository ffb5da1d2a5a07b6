#include "gallery/redis/redis.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>
#include <new>
#include <optional>

#include <fmt/format.h>
#include <hiredis.h>
#include <sys/socket.h>

#include "base/file.hpp"
#include "gallery/redis/redis_url.hpp"

namespace facebus::gallery {
namespace {

// Maximum total size of the strings in the replies of one round trip. Larger replies are errors.
constexpr std::size_t max_reply_bytes = std::size_t{256} << 20;
constexpr int max_reply_depth = 8;

struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using ReplyPtr = std::unique_ptr<redisReply, FreeReply>;

/// Blocks SIGPIPE in this thread during its lifetime, then restores the signal mask. hiredis and
/// OpenSSL write to the socket without MSG_NOSIGNAL. If Redis has closed the connection, such a
/// write would otherwise end the process.
class NoSigpipe {
  public:
    NoSigpipe() {
        sigemptyset(&sigpipe_);
        sigaddset(&sigpipe_, SIGPIPE);
        sigset_t pending;
        sigemptyset(&pending);
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
    }
    ~NoSigpipe() {
        const int saved = errno;
        // Discard a SIGPIPE that became pending while it was blocked.
        if (!was_pending_) {
            const timespec no_wait{};
            while (sigtimedwait(&sigpipe_, nullptr, &no_wait) == -1 && errno == EINTR) {
            }
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = saved;
    }
    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;

  private:
    sigset_t sigpipe_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

Error redis_error(std::string_view text, const std::string& url) {
    const std::string_view code = text.substr(0, text.find(' '));
    if (code == "NOAUTH") {
        return {ErrorKind::unavailable,
                fmt::format("Redis at {} requires a password; set redis.password_file", url)};
    }
    // These states are temporary, so the caller can retry.
    const bool temporary = code == "LOADING" || code == "BUSY" || code == "MASTERDOWN";
    return {temporary ? ErrorKind::unavailable : ErrorKind::refused,
            fmt::format("Redis at {} returned an error: {}", url, text)};
}

/// Converts a reply of hiredis. `budget` is the number of bytes left for strings; subtracts the
/// size of each string from it.
Result<Reply> convert(const redisReply& reply, const std::string& url, int depth,
                      std::size_t& budget) {
    if (depth > max_reply_depth || reply.len > budget) {
        return fail(
            ErrorKind::too_large,
            fmt::format("Redis at {} sent a reply that is too large or too deeply nested", url));
    }
    Reply out;
    switch (reply.type) {
        case REDIS_REPLY_NIL:
            break;
        case REDIS_REPLY_INTEGER:
            out.value.emplace<std::int64_t>(reply.integer);
            break;
        case REDIS_REPLY_STATUS:
        case REDIS_REPLY_STRING:
            budget -= reply.len;
            out.value.emplace<std::string>(reply.str, reply.len);
            break;
        case REDIS_REPLY_ERROR:
            return std::unexpected(redis_error({reply.str, reply.len}, url));
        case REDIS_REPLY_ARRAY: {
            auto& elements = out.value.emplace<std::vector<Reply>>();
            elements.reserve(reply.elements);
            for (std::size_t i = 0; i < reply.elements; ++i) {
                auto element = convert(*reply.element[i], url, depth + 1, budget);
                if (!element) return element;
                elements.push_back(std::move(*element));
            }
            break;
        }
        default:
            return fail(ErrorKind::malformed,
                        fmt::format("Redis at {} sent a reply of an unknown type", url));
    }
    return out;
}

}  // namespace

std::string_view Reply::text() const {
    const auto* text = std::get_if<std::string>(&value);
    return text == nullptr ? std::string_view{} : std::string_view{*text};
}

std::int64_t Reply::number() const {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
    const std::string_view digits = text();
    std::int64_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, number);
    return error == std::errc{} && stop == end ? number : 0;
}

const std::vector<Reply>& Reply::elements() const {
    static const std::vector<Reply> none;
    const auto* elements = std::get_if<std::vector<Reply>>(&value);
    return elements == nullptr ? none : *elements;
}

struct Redis::Impl {
    RedisAddress address;
    TlsFiles tls_files;
    int timeout_ms = 0;
    Greeting greeting;
    std::unique_ptr<redisContext, FreeContext> context;
    /// TLS session on the socket of `context`; empty without TLS. The TLS support of hiredis is not
    /// used, because the hiredis package of Debian 12 lacks it.
    std::optional<Tls> tls;
    std::string unsent;  ///< with TLS: formatted commands that are not written yet

    Result<std::vector<Result<Reply>>> exchange(const std::vector<Command>& commands);

  private:
    Result<void> connect();
    Result<void> log_in();
    Result<void> greet();
    [[nodiscard]] bool connection_closed() const;
    void append(const Command& command);
    Result<ReplyPtr> receive();
    Result<void> start_tls();
    Result<ReplyPtr> receive_by_tls();
    void disconnect();
};

/// Returns whether Redis has closed the connection since the last command, for example because it
/// restarted. Must be called before a command is sent, because then it is safe to reconnect. If a
/// command were repeated after it was sent, Redis could execute it twice.
bool Redis::Impl::connection_closed() const {
    char byte = 0;
    const ssize_t got = recv(context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // If there are unexpected bytes, later replies would not match their commands. Treat the
    // connection as closed.
    return !(got == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

Result<void> Redis::Impl::connect() {
    const timeval timeout{timeout_ms / 1000, timeout_ms % 1000 * 1000L};
    const bool local = !address.path.empty();
    context.reset(local ? redisConnectUnixWithTimeout(address.path.c_str(), timeout)
                        : redisConnectWithTimeout(address.host.c_str(), address.port, timeout));
    if (!context || context->err != 0 || redisSetTimeout(context.get(), timeout) != REDIS_OK) {
        const std::string why = context ? context->errstr : "out of memory";
        context.reset();
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot reach Redis at {}: {}; start it or set redis.url",
                                address.safe_url, why));
    }
    auto ready = address.tls ? start_tls() : Result<void>();
    if (ready) ready = log_in();
    if (ready) ready = greet();
    if (!ready) disconnect();
    return ready;
}

void Redis::Impl::disconnect() {
    tls.reset();
    unsent.clear();
    context.reset();
}

Result<void> Redis::Impl::start_tls() {
    auto started = Tls::start(context->fd, address.host, tls_files);
    if (!started) {
        return fail(ErrorKind::unavailable, fmt::format("cannot reach Redis at {}: {}",
                                                        address.safe_url, started.error().message));
    }
    tls = std::move(*started);
    return {};
}

Result<void> Redis::Impl::log_in() {
    if (!address.password.empty()) {
        append(address.user.empty() ? Command{"AUTH", address.password}
                                    : Command{"AUTH", address.user, address.password});
        auto reply = receive();
        if (!reply) return std::unexpected(reply.error());
        if ((*reply)->type == REDIS_REPLY_ERROR) {
            // Report only the error code, because the text may contain the password.
            std::string_view code((*reply)->str, (*reply)->len);
            code = code.substr(0, code.find(' '));
            return fail(ErrorKind::unavailable,
                        fmt::format("Redis at {} rejected the login ({}); check redis.user and "
                                    "redis.password_file, or user and password in redis.url",
                                    address.safe_url, code));
        }
    }
    if (address.database != 0) {
        append({"SELECT", std::to_string(address.database)});
        auto reply = receive();
        if (!reply) return std::unexpected(reply.error());
        if ((*reply)->type == REDIS_REPLY_ERROR) {
            auto error = redis_error({(*reply)->str, (*reply)->len}, address.safe_url);
            return fail(ErrorKind::unavailable, std::move(error.message));
        }
    }
    return {};
}

Result<void> Redis::Impl::greet() {
    if (greeting.command.empty()) return {};
    append(greeting.command);
    auto reply = receive();
    if (!reply) return std::unexpected(std::move(reply.error()));
    std::size_t budget = max_reply_bytes;
    return greeting.check(convert(**reply, address.safe_url, 0, budget));
}

void Redis::Impl::append(const Command& command) {
    assert(!command.empty());
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    texts.reserve(command.size());
    sizes.reserve(command.size());
    for (const std::string& argument : command) {
        texts.push_back(argument.data());
        sizes.push_back(argument.size());
    }
    if (tls) {
        char* formatted = nullptr;
        const auto size = redisFormatCommandArgv(&formatted, static_cast<int>(command.size()),
                                                 texts.data(), sizes.data());
        if (size < 0) throw std::bad_alloc();
        unsent.append(formatted, static_cast<std::size_t>(size));
        redisFreeCommand(formatted);
        return;
    }
    // This call fails only if memory is exhausted. receive() then reports the error.
    redisAppendCommandArgv(context.get(), static_cast<int>(command.size()), texts.data(),
                           sizes.data());
}

Result<ReplyPtr> Redis::Impl::receive_by_tls() {
    Result<void> state = tls->write(unsent);
    unsent.clear();
    std::array<char, 16384> buffer{};
    while (state) {
        void* raw = nullptr;
        if (redisGetReplyFromReader(context.get(), &raw) != REDIS_OK) {
            state = fail(ErrorKind::unavailable, context->errstr);
            break;
        }
        if (raw != nullptr) return ReplyPtr(static_cast<redisReply*>(raw));
        const auto got = tls->read(buffer);
        if (got) {
            redisReaderFeed(context->reader, buffer.data(), *got);
        } else {
            state = std::unexpected(got.error());
        }
    }
    disconnect();
    return fail(ErrorKind::unavailable,
                fmt::format("lost the connection to Redis at {}: {}; check that it is running",
                            address.safe_url, state.error().message));
}

Result<ReplyPtr> Redis::Impl::receive() {
    if (tls) return receive_by_tls();
    void* raw = nullptr;
    errno = 0;
    const bool received =
        context->err == 0 && redisGetReply(context.get(), &raw) == REDIS_OK && raw != nullptr;
    const int cause = errno;
    ReplyPtr reply(static_cast<redisReply*>(raw));
    if (received) return reply;
    const bool timed_out =
        context->err == REDIS_ERR_IO && (cause == EAGAIN || cause == EWOULDBLOCK);
    const std::string why =
        timed_out ? fmt::format("no reply within {} ms", timeout_ms) : std::string(context->errstr);
    context.reset();
    return fail(ErrorKind::unavailable,
                fmt::format("lost the connection to Redis at {}: {}; check that it is running",
                            address.safe_url, why));
}

Result<std::vector<Result<Reply>>> Redis::Impl::exchange(const std::vector<Command>& commands) {
    const NoSigpipe no_sigpipe;
    if (context && connection_closed()) disconnect();
    if (!context) {
        if (auto connected = connect(); !connected) return std::unexpected(connected.error());
    }
    for (const Command& command : commands) append(command);
    std::vector<Result<Reply>> replies;
    replies.reserve(commands.size());
    std::size_t budget = max_reply_bytes;
    while (replies.size() < commands.size()) {
        auto reply = receive();
        if (!reply) return std::unexpected(reply.error());
        replies.push_back(convert(**reply, address.safe_url, 0, budget));
    }
    return replies;
}

Redis::Redis(RedisOptions options, Greeting greeting) : impl_(std::make_unique<Impl>()) {
    impl_->greeting = std::move(greeting);
    impl_->address = parse_redis_url(options.url);
    impl_->timeout_ms = std::max(1, options.timeout_ms);
    impl_->tls_files = std::move(options.tls);
    if (!options.user.empty()) impl_->address.user = std::move(options.user);
    auto password = read_secret(options.password_file, "redis.password_file");
    if (!password.empty()) impl_->address.password = std::move(password);
}

Redis::~Redis() = default;
Redis::Redis(Redis&&) noexcept = default;
Redis& Redis::operator=(Redis&&) noexcept = default;

Result<std::vector<Result<Reply>>> Redis::run_each(const std::vector<Command>& commands) {
    return impl_->exchange(commands);
}

Result<std::vector<Reply>> Redis::pipeline(const std::vector<Command>& commands) {
    auto results = impl_->exchange(commands);
    if (!results) return std::unexpected(std::move(results.error()));
    std::vector<Reply> replies;
    replies.reserve(results->size());
    for (auto& reply : *results) {
        if (!reply) return std::unexpected(std::move(reply.error()));
        replies.push_back(std::move(*reply));
    }
    return replies;
}

Result<Reply> Redis::run(const Command& command) {
    auto replies = pipeline({command});
    if (!replies) return std::unexpected(std::move(replies.error()));
    return std::move(replies->front());
}

Result<Reply> Redis::eval(std::string_view script, const std::vector<std::string>& keys,
                          const std::vector<std::string>& arguments) {
    Command command{"EVAL", std::string(script), std::to_string(keys.size())};
    command.insert(command.end(), keys.begin(), keys.end());
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command);
}

}  // namespace facebus::gallery
