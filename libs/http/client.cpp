#include "http/client.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <new>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

namespace facebus::http {
namespace {

constexpr long max_connect_ms = 3000;
constexpr std::size_t max_response_bytes = 65'536;
// Interval at which a request is continued even if its socket is not ready.
constexpr int poll_ms = 1000;

template <auto function>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        function(object);
    }
};
using Easy = std::unique_ptr<CURL, Deleter<curl_easy_cleanup>>;
using Multi = std::unique_ptr<CURLM, Deleter<curl_multi_cleanup>>;
using Url = std::unique_ptr<CURLU, Deleter<curl_url_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, Deleter<curl_slist_free_all>>;

/// Returns whether the URL is valid, has the scheme http or https and no credentials, and consists
/// of printable ASCII characters except the space.
bool is_usable(const std::string& url) {
    if (!url.starts_with("http://") && !url.starts_with("https://")) return false;
    const bool printable =
        std::ranges::all_of(url, [](unsigned char c) { return c > ' ' && c < 127; });
    const Url parsed(curl_url());
    return printable && parsed &&
           curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER) == CURLUE_OK;
}

/// Appends received bytes to the string `target`. Aborts the transfer at the limit.
std::size_t receive(const char* bytes, std::size_t size, std::size_t count, void* target) {
    auto& body = *static_cast<std::string*>(target);
    const auto left = std::min(size * count, max_response_bytes - body.size());
    body.append(bytes, left);
    return left;  // fewer than size * count: libcurl aborts the transfer
}

HeaderList header_list(const std::map<std::string, std::string>& headers) {
    HeaderList list;
    const auto append = [&](const std::string& line) {
        auto* longer = curl_slist_append(list.get(), line.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        (void)list.release();
        list.reset(longer);
    };
    // Without this, libcurl waits up to a second for "100 Continue" before it sends a large body.
    append("Expect:");
    for (const auto& [name, value] : headers) append(fmt::format("{}: {}", name, value));
    return list;
}

}  // namespace

struct Client::Impl {
    Easy easy;
    Multi multi;

    /// Runs the request that `easy` describes.
    Result<ClientResponse> run(const Stop& stop) const;
};

Client::Client(Options options, const std::string& setting) : impl_(std::make_unique<Impl>()) {
    static const auto initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!is_usable(options.url)) {
        throw FatalError(Exit::config,
                         fmt::format("{}.url must have the form http://host/path or "
                                     "https://host/path, without credentials, spaces or non-ASCII "
                                     "characters",
                                     setting));
    }
    if (!options.ca_file.empty() && !std::ifstream(options.ca_file)) {
        throw FatalError(Exit::config,
                         fmt::format("{}.ca_file: cannot read {}", setting, options.ca_file));
    }
    impl_->easy.reset(curl_easy_init());
    impl_->multi.reset(curl_multi_init());
    if (initialised != CURLE_OK || !impl_->easy || !impl_->multi) throw std::bad_alloc();
    auto* easy = impl_->easy.get();
    const auto timeout = static_cast<long>(options.timeout * 1000);
    curl_easy_setopt(easy, CURLOPT_URL, options.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // ignores the proxies of the environment
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, std::min(timeout, max_connect_ms));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
}

Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<ClientResponse> Client::Impl::run(const Stop& stop) const {
    ClientResponse response;
    curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &response.body);
    curl_multi_add_handle(multi.get(), easy.get());
    curl_waitfd stop_event{.fd = stop.descriptor(), .events = CURL_WAIT_POLLIN, .revents = 0};
    int running = 1;
    while (curl_multi_perform(multi.get(), &running) == CURLM_OK && running > 0 &&
           !stop.requested()) {
        if (curl_multi_poll(multi.get(), &stop_event, 1, poll_ms, nullptr) != CURLM_OK) break;
    }
    std::string reason = stop.requested() ? "aborted by a stop request" : "request failed";
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi.get(), &left)) {
        if (message->msg == CURLMSG_DONE) reason = curl_easy_strerror(message->data.result);
    }
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_header* header = nullptr;
    if (curl_easy_header(easy.get(), "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK) {
        response.retry_after = header->value;
    }
    curl_multi_remove_handle(multi.get(), easy.get());
    // The status is sufficient, even if the body was too long or did not end.
    if (status < 200) return fail(ErrorKind::unavailable, reason);
    response.status = static_cast<int>(status);
    return response;
}

Result<ClientResponse> Client::get(const Stop& stop) {
    curl_easy_setopt(impl_->easy.get(), CURLOPT_HTTPGET, 1L);
    return impl_->run(stop);
}

Result<ClientResponse> Client::post(const std::string& body,
                                    const std::map<std::string, std::string>& headers,
                                    const Stop& stop) {
    auto* easy = impl_->easy.get();
    const auto list = header_list(headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list.get());
    auto response = impl_->run(stop);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
    return response;
}

}  // namespace facebus::http
