#include "http/client.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>
#include <poll.h>

#include "base/clock.hpp"

namespace facebus::http {
namespace {

using std::chrono::milliseconds;

// Maximum time for connecting to one address of the host. The Watchdog cannot abort this.
constexpr milliseconds max_connect_time(3000);
constexpr std::size_t max_response_bytes = 65'536;

/// URL split into two parts.
struct Url {
    std::string origin;  ///< such as https://host:port
    std::string path;    ///< path and query, without the fragment
};

/// Splits a URL. Returns nothing unless the scheme is http or https, the URL has a host but no
/// credentials, and all characters are printable ASCII characters other than the space.
std::optional<Url> parse_url(const std::string& url) {
    const auto scheme = url.find("://");
    if (scheme == std::string::npos) return std::nullopt;
    const auto name = url.substr(0, scheme);
    if (name != "http" && name != "https") return std::nullopt;
    const auto host = scheme + 3;
    const auto slash = std::min(url.find_first_of("/?#", host), url.size());
    const bool printable =
        std::ranges::all_of(url, [](unsigned char c) { return c > ' ' && c < 127; });
    if (slash == host || !printable || url.find('@') < slash) return std::nullopt;
    auto path = url.substr(slash, url.find('#', slash) - slash);
    if (!path.starts_with('/')) path.insert(0, "/");
    return Url{url.substr(0, slash), std::move(path)};
}

/// Thread that aborts a request at its deadline or at a stop request. The timeouts of the library
/// (cpp-httplib) are not sufficient, because they restart with every byte.
class Watchdog {
  public:
    Watchdog(httplib::Client& client, milliseconds time, const Stop& stop)
        : thread_([this, &client, time, &stop] { watch(client, time, stop); }) {}
    ~Watchdog() {
        done_.request();
        thread_.join();
    }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    [[nodiscard]] bool aborted() const { return aborted_; }

  private:
    void watch(httplib::Client& client, milliseconds time, const Stop& stop) {
        std::array<pollfd, 2> polled{
            pollfd{.fd = done_.descriptor(), .events = POLLIN, .revents = 0},
            pollfd{.fd = stop.descriptor(), .events = POLLIN, .revents = 0}};
        const auto until = Monotonic::now() + time;
        while (true) {
            const auto left = std::chrono::ceil<milliseconds>(until - Monotonic::now()).count();
            const int ready =
                left <= 0 ? 0 : poll(polled.data(), polled.size(), static_cast<int>(left));
            if (ready < 0) continue;  // interrupted by a signal
            if (polled[0].revents != 0) return;
            aborted_ = true;
            client.stop();
            // stop() has no effect while the client is still connecting, so repeat it until the
            // request has ended.
            if (done_.wait_ms(100)) return;
        }
    }

    Stop done_;
    std::atomic<bool> aborted_ = false;
    std::thread thread_;
};

}  // namespace

struct Client::Impl {
    Options options;
    Url url;
    httplib::Client client;

    Impl(Options set, Url parsed)
        : options(std::move(set)), url(std::move(parsed)), client(url.origin) {}
};

Client::Client(Options options, const std::string& setting) {
    auto url = parse_url(options.url);
    if (!url) {
        throw FatalError(Exit::config,
                         fmt::format("{}.url must have the form http://host/path or "
                                     "https://host/path, without credentials, spaces or non-ASCII "
                                     "characters",
                                     setting));
    }
    impl_ = std::make_unique<Impl>(std::move(options), std::move(*url));
    auto& client = impl_->client;
    if (!client.is_valid()) {
        throw FatalError(Exit::config,
                         fmt::format("{}.url cannot be used; check its host and port", setting));
    }
    const milliseconds time(static_cast<std::int64_t>(impl_->options.timeout * 1000));
    client.set_connection_timeout(std::min(time, max_connect_time));
    client.set_read_timeout(time);
    client.set_write_timeout(time);
    client.set_follow_location(false);
    client.set_keep_alive(false);
    client.set_decompress(false);
    client.set_url_encode(false);
    client.enable_server_certificate_verification(true);
    if (!impl_->options.ca_file.empty()) {
        if (!std::ifstream(impl_->options.ca_file)) {
            throw FatalError(Exit::config, fmt::format("{}.ca_file: cannot read {}", setting,
                                                       impl_->options.ca_file));
        }
        client.set_ca_cert_path(impl_->options.ca_file);
    }
}

Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<PostResult> Client::post(const std::string& body,
                                const std::map<std::string, std::string>& headers,
                                const Stop& stop) {
    httplib::Request request;
    request.method = "POST";
    request.path = impl_->url.path;
    request.body = body;
    for (const auto& [name, value] : headers) request.headers.emplace(name, value);
    PostResult result;
    const auto store_result = [&](const httplib::Response& response) {
        result = {response.status, response.get_header_value("Retry-After")};
        return true;
    };
    std::size_t read = 0;
    // The library calls this handler before it reads the body, which may never end. It does not
    // call the handler for a response without a body (204); send() returns that response.
    request.response_handler = store_result;
    request.content_receiver = [&](const char*, std::size_t length, std::uint64_t, std::uint64_t) {
        read += length;
        return read <= max_response_bytes;
    };
    httplib::Response response;
    auto error = httplib::Error::Success;
    const Watchdog watchdog(impl_->client,
                            milliseconds(static_cast<std::int64_t>(impl_->options.timeout * 1000)),
                            stop);
    if (impl_->client.send(request, response, error)) store_result(response);
    // The status is sufficient, even if the body was too long or did not end.
    if (result.status != 0) return result;
    if (!watchdog.aborted()) return fail(ErrorKind::unavailable, httplib::to_string(error));
    return fail(ErrorKind::unavailable,
                stop.requested() ? "aborted by a stop request" : "no response before the deadline");
}

}  // namespace facebus::http
