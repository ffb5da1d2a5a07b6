// Tests of Router, and of the roles in the OpenAPI document.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "gateway/page/page.hpp"
#include "gateway/rest/openapi.hpp"
#include "gateway/router.hpp"
#include "gateway/routes.hpp"

using namespace facebus;
using namespace facebus::gateway;

namespace {

HttpResult<http::Response> empty_response(const AuthorizedRequest&) {
    return http::Response{};
}

/// Returns routes with different values of max_body, by which the tests identify the routes.
Router example_router() {
    return Router({{"GET", "/faces", api_keys::Role::read, 1, empty_response},
                   {"DELETE", "/faces", api_keys::Role::read, 2, empty_response},
                   {"POST", "/faces/{id}/verify", api_keys::Role::read, 3, empty_response},
                   {"DELETE", "/faces/{id}", api_keys::Role::read, 4, empty_response},
                   {"PUT", "/subjects/{name*}", api_keys::Role::read, 5, empty_response}});
}

/// Returns max_body of the route, or 0 if there is no route.
std::size_t max_body_of_route(const std::string& method, const std::string& path) {
    const auto router = example_router();
    std::string allow;
    const auto match = router.find(method, path, allow);
    return match ? match->route->max_body : 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(finds_the_route_by_method_and_path) {
    BOOST_TEST(max_body_of_route("GET", "/faces") == 1U);
    BOOST_TEST(max_body_of_route("DELETE", "/faces") == 2U);
    BOOST_TEST(max_body_of_route("GET", "/faces/") == 1U);
    BOOST_TEST(max_body_of_route("POST", "/faces/7/verify") == 3U);
    BOOST_TEST(max_body_of_route("DELETE", "/faces/7") == 4U);
    BOOST_TEST(max_body_of_route("PUT", "/subjects/Anna") == 5U);
}

BOOST_AUTO_TEST_CASE(matches_paths_and_extracts_parameters_verbatim) {
    BOOST_TEST(match_path("/f/{id}/v", "/f/a b/v")->at("id") == "a b");
    BOOST_TEST(match_path("/s/{name*}", "/s/a/b")->at("name") == "a/b");
    BOOST_TEST(match_path("/s/{name*}", "/s/a/")->at("name") == "a/");
    BOOST_TEST(!match_path("/s/{name*}", "/s/"));
    BOOST_TEST(!match_path("/f/{id}", "/f/a/b"));
    BOOST_TEST(!match_path("/f/{id}", "/f/"));
    BOOST_TEST(!match_path("/f/{id}/v", "/f/a"));
    BOOST_TEST(!match_path("/f", "/g"));
    BOOST_TEST(!match_path("/f", ""));
}

BOOST_AUTO_TEST_CASE(fails_with_404_for_unknown_paths_and_405_for_wrong_methods) {
    std::string allow;
    const auto router = example_router();
    BOOST_TEST(router.find("GET", "/nothing", allow).error().status == 404);
    BOOST_TEST(allow.empty());
    BOOST_TEST(router.find("PUT", "/faces", allow).error().status == 405);
    BOOST_TEST(allow == "GET, DELETE");
}

BOOST_AUTO_TEST_CASE(openapi_document_lists_the_role_of_every_route_except_page_routes) {
    const gateway::Options options;
    const enrolment::Options enrolment_options;
    Metrics metrics;
    ImageDecoder images(ImageDecoder::limits(options), metrics);
    Pool<FaceStage> stages;
    Pool<gallery::Store> stores;
    const Backend backend{options, enrolment_options, {}, images, stages, stores, {}, {}, {}};
    const LiveState live_state{.live = {1, std::chrono::hours(1)}};
    UnknownFaces unknown_faces(1, std::chrono::hours(1));
    std::map<std::string, std::string> served;
    for (auto& route : all_routes(backend, live_state, unknown_faces)) {
        const auto same_pattern = [&](const Route& file) { return file.pattern == route.pattern; };
        if (std::ranges::any_of(page_routes(), same_pattern)) continue;
        std::erase(route.pattern, '*');
        std::ranges::transform(route.method, route.method.begin(),
                               [](unsigned char c) { return std::tolower(c); });
        served[route.method + " " + route.pattern] = route.role ? to_string(*route.role) : "";
    }
    std::map<std::string, std::string> documented;
    const auto document = nlohmann::json::parse(openapi());
    for (const auto& [path, methods] : document["paths"].items()) {
        for (const auto& [method, operation] : methods.items()) {
            // The first text in backticks in the description is the role. Without a description, no
            // role is required.
            auto text = operation.value("description", "``");
            text = text.substr(text.find('`') + 1);
            documented[method + " " + path] = text.substr(0, text.find('`'));
        }
    }
    BOOST_TEST((documented == served));
    BOOST_TEST(documented.size() == served.size());
}
