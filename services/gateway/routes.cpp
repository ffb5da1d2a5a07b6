#include "gateway/routes.hpp"

#include "gateway/live/unknown_faces_api.hpp"
#include "gateway/page/page.hpp"
#include "gateway/rest/gallery_api.hpp"
#include "gateway/rest/image_api.hpp"
#include "gateway/rest/openapi.hpp"

namespace facebus::gateway {
namespace {

Route openapi_route() {
    return {"GET", "/openapi.json", std::nullopt, 0, [](const AuthorizedRequest&) {
                return http::Response{.body = std::string(openapi())};
            }};
}

}  // namespace

std::vector<Route> all_routes(const Backend& backend, const LiveState& live_state,
                              UnknownFaces& unknown_faces) {
    std::vector<Route> all{openapi_route()};
    const auto max_streams = static_cast<std::size_t>(backend.options.max_streams);
    for (auto& group : {page_routes(), image_routes(backend), compreface_gallery_routes(backend),
                        gallery_routes(backend), live_routes(live_state, max_streams),
                        unknown_faces_routes(backend, unknown_faces)}) {
        all.insert(all.end(), group.begin(), group.end());
    }
    return all;
}

}  // namespace facebus::gateway
