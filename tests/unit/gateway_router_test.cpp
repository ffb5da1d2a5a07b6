#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "gateway/page/page.hpp"
#include "gateway/rest/openapi.hpp"
#include "gateway/router.hpp"
#include "gateway/routes.hpp"

using namespace facebus;
using namespace facebus::gateway;

namespace {

Answered<http::Response> nothing(const Call&) {
    return http::Response{};
}

Router small() {
    return Router({{"GET", "/faces", api_keys::Role::read, 1, nothing},
                   {"DELETE", "/faces", api_keys::Role::read, 2, nothing},
                   {"POST", "/faces/{id}/verify", api_keys::Role::read, 3, nothing},
                   {"DELETE", "/faces/{id}", api_keys::Role::read, 4, nothing},
                   {"PUT", "/subjects/{name*}", api_keys::Role::read, 5, nothing}});
}

std::size_t found(const std::string& method, const std::string& path) {
    const auto router = small();
    std::string allow;
    const auto route = router.find(method, path, allow);
    return route ? route->route->most_body : 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_path_and_a_method_have_one_route) {
    BOOST_TEST(found("GET", "/faces") == 1U);
    BOOST_TEST(found("DELETE", "/faces") == 2U);
    BOOST_TEST(found("GET", "/faces/") == 1U);
    BOOST_TEST(found("POST", "/faces/7/verify") == 3U);
    BOOST_TEST(found("DELETE", "/faces/7") == 4U);
    BOOST_TEST(found("PUT", "/subjects/Anna") == 5U);
}

BOOST_AUTO_TEST_CASE(what_stands_in_the_path_is_given_as_it_is) {
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

BOOST_AUTO_TEST_CASE(an_unknown_path_is_404_and_a_wrong_method_405_with_those_that_there_are) {
    std::string allow;
    const auto router = small();
    BOOST_TEST(router.find("GET", "/nothing", allow).error().status == 404);
    BOOST_TEST(allow.empty());
    BOOST_TEST(router.find("PUT", "/faces", allow).error().status == 405);
    BOOST_TEST(allow == "GET, DELETE");
}

BOOST_AUTO_TEST_CASE(the_openapi_document_tells_of_the_routes_that_there_are_with_their_roles) {
    const gateway::Options options;
    const enrolment::Options rules;
    Pool<FaceStage> stages;
    Pool<gallery::Store> stores;
    const Backend backend{options, rules, {}, stages, stores, {}, {}};
    const Happenings happenings{.live = {1, std::chrono::hours(1)}};
    Inbox inbox(1, std::chrono::hours(1));
    std::map<std::string, std::string> answered;
    for (auto& route : routes(backend, happenings, inbox)) {
        const auto is_of_page = [&](const Route& file) { return file.pattern == route.pattern; };
        if (std::ranges::any_of(page_routes(), is_of_page)) continue;
        std::erase(route.pattern, '*');
        std::ranges::transform(route.method, route.method.begin(),
                               [](unsigned char c) { return std::tolower(c); });
        answered[route.method + " " + route.pattern] = route.role ? to_string(*route.role) : "";
    }
    std::map<std::string, std::string> told;
    const auto document = nlohmann::json::parse(openapi());
    for (const auto& [path, methods] : document["paths"].items()) {
        for (const auto& [method, operation] : methods.items()) {
            auto text = operation.value("description", "``");
            text = text.substr(text.find('`') + 1);
            told[method + " " + path] = text.substr(0, text.find('`'));
        }
    }
    BOOST_TEST((told == answered));
    BOOST_TEST(told.size() == answered.size());
}
