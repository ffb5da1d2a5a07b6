#include "gateway/page/page.hpp"

#include <string>

namespace facebus::gateway {
namespace {

// Content-Security-Policy. The page runs only scripts of the gateway and connects only to the
// gateway, so that code hidden in a name or an image does not run.
constexpr const char* content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

http::Response to_response(const PageFile& file) {
    return {.body = std::string(file.content),
            .type = std::string(file.type),
            .headers = {{"Content-Security-Policy", content_security_policy},
                        {"Referrer-Policy", "no-referrer"},
                        {"X-Frame-Options", "DENY"},
                        {"Cross-Origin-Opener-Policy", "same-origin"}}};
}

}  // namespace

std::vector<Route> page_routes() {
    const auto files = page_files();
    std::vector<Route> routes;
    routes.reserve(files.size() + 1);
    const auto add = [&](const std::string& path, const PageFile& file) {
        routes.push_back({"GET", path, std::nullopt, 0,
                          [file](const AuthorizedRequest&) { return to_response(file); }});
    };
    add("/", files.front());
    for (const auto& file : files) add("/page/" + std::string(file.name), file);
    return routes;
}

}  // namespace facebus::gateway
