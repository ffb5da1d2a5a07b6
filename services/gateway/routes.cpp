#include "gateway/routes.hpp"

#include "gateway/live/inbox_api.hpp"
#include "gateway/page/page.hpp"
#include "gateway/rest/gallery_api.hpp"
#include "gateway/rest/image_api.hpp"
#include "gateway/rest/openapi.hpp"

namespace facebus::gateway {
namespace {

Route openapi_route() {
    return {"GET", "/openapi.json", std::nullopt, 0,
            [](const Call&) { return http::Response{.body = std::string(openapi())}; }};
}

}  // namespace

std::vector<Route> routes(const Backend& backend, const LiveState& live_state, Inbox& inbox) {
    std::vector<Route> all{openapi_route()};
    const auto max_streams = static_cast<std::size_t>(backend.options.max_streams);
    for (auto& some :
         {page_routes(), image_routes(backend), collection_routes(backend), gallery_routes(backend),
          live_routes(live_state, max_streams), inbox_routes(backend, inbox)}) {
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

}  // namespace facebus::gateway
