// Authentication, limits and errors of the REST API, without sockets.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "base/temporary_folder.hpp"
#include "gateway/pool.hpp"
#include "gateway/site.hpp"

using namespace facebus;
using namespace facebus::gateway;
using http::Request;
using http::Response;

namespace {

struct Fixture {
    TemporaryFolder folder;
    std::string read = api_keys::new_key();
    std::string enrol = api_keys::new_key();
    std::string admin = api_keys::new_key();
    Metrics metrics;

    Fixture() {
        add(api_keys::Role::read, read, "door");
        add(api_keys::Role::enrol, enrol, "desk");
        add(api_keys::Role::admin, admin, "chief");
    }

    void add(api_keys::Role role, const std::string& key, const std::string& name) const {
        BOOST_REQUIRE(api_keys::add(folder / "keys", api_keys::hash_key(role, key, name)));
    }

    Site site(double rate = 0, bool with_keys = true) {
        const auto yes = [](const Call&) { return http::Response{.body = "yes"}; };
        return Site(
            {with_keys ? std::make_shared<KeyRing>(folder / "keys", [](const Error&) {}) : nullptr,
             rate, 2},
            Router({{"GET", "/free", std::nullopt, 0, yes},
                    {"POST", "/read", api_keys::Role::read, 10, yes},
                    {"POST", "/enrol", api_keys::Role::enrol, 100, yes},
                    {"POST", "/admin", api_keys::Role::admin, 1000, yes}}),
            metrics);
    }

    static http::Request request(const std::string& path, const std::string& key,
                                 const std::string& method = "POST", std::size_t length = 0) {
        return {.method = method,
                .path = path,
                .query = {},
                .headers = {{"x-api-key", key}},
                .length = length,
                .body = {}};
    }
};

int status(const std::optional<http::Response>& refused) {
    if (!refused) return 200;
    const auto json = nlohmann::json::parse(refused->body);
    BOOST_TEST(json["message"].is_string());
    BOOST_TEST(json["code"].is_number_integer());
    return refused->status;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(roles_include_the_rights_of_lower_roles, Fixture) {
    auto served = site();
    const std::map<std::string, std::vector<int>> expected{{read, {200, 403, 403}},
                                                           {enrol, {200, 200, 403}},
                                                           {admin, {200, 200, 200}},
                                                           {"", {401, 401, 401}},
                                                           {"x", {401, 401, 401}}};
    for (const auto& [key, wanted] : expected) {
        std::vector<int> got;
        for (const auto* path : {"/read", "/enrol", "/admin"}) {
            got.push_back(status(served.admit(request(path, key))));
        }
        BOOST_TEST(got == wanted, boost::test_tools::per_element());
    }
    BOOST_TEST(status(served.admit(request("/free", "", "GET"))) == 200);
}

BOOST_FIXTURE_TEST_CASE(refuses_keys_revoked_while_the_body_arrived, Fixture) {
    auto served = site();
    BOOST_TEST(served.answer(request("/read", read)).body == "yes");
    BOOST_TEST(served.answer(request("/read", "gone")).status == 401);
}

BOOST_FIXTURE_TEST_CASE(without_keys_every_client_has_full_access, Fixture) {
    auto served = site(0, false);
    BOOST_TEST(status(served.admit(request("/admin", ""))) == 200);
}

BOOST_FIXTURE_TEST_CASE(limits_body_size_by_route, Fixture) {
    auto served = site();
    BOOST_TEST(served.max_body() == 1000U);
    BOOST_TEST(status(served.admit(request("/read", admin, "POST", 10))) == 200);
    BOOST_TEST(status(served.admit(request("/read", admin, "POST", 11))) == 413);
    BOOST_TEST(status(served.admit(request("/admin", admin, "POST", 1000))) == 200);
}

BOOST_FIXTURE_TEST_CASE(limits_rate_per_key, Fixture) {
    auto served = site(1e-6);
    BOOST_TEST(status(served.admit(request("/read", read))) == 200);
    BOOST_TEST(status(served.admit(request("/read", read))) == 200);
    const auto refused = served.admit(request("/read", read));
    BOOST_TEST(status(refused) == 429);
    BOOST_TEST(refused->headers.contains("Retry-After"));
    BOOST_TEST(status(served.admit(request("/read", enrol))) == 200);
    BOOST_TEST(status(served.admit(request("/free", "", "GET"))) == 200);
}

BOOST_FIXTURE_TEST_CASE(reports_unknown_paths_and_methods_as_json, Fixture) {
    auto served = site();
    BOOST_TEST(status(served.admit(request("/nothing", admin))) == 404);
    const auto wrong = served.admit(request("/read", admin, "GET"));
    BOOST_TEST(status(wrong) == 405);
    BOOST_TEST(wrong->headers.at("Allow") == "POST");
    BOOST_TEST(status(served.refuse(413)) == 413);
}

BOOST_FIXTURE_TEST_CASE(missing_key_file_is_a_startup_error_that_names_the_option, Fixture) {
    const auto helpful = [](const FatalError& error) {
        return std::string(error.what()).find("gateway.keys") != std::string::npos;
    };
    BOOST_CHECK_EXCEPTION(KeyRing(folder / "none", {}), FatalError, helpful);
}

BOOST_AUTO_TEST_CASE(pool_lends_each_item_to_one_user_at_a_time) {
    Pool<int> pool;
    pool.add(std::make_unique<int>(7));
    {
        const auto lease = pool.acquire(std::chrono::seconds(1));
        BOOST_REQUIRE(lease);
        BOOST_TEST(*lease == 7);
        BOOST_TEST(!pool.acquire(std::chrono::milliseconds(1)));
    }
    BOOST_TEST(static_cast<bool>(pool.acquire(std::chrono::milliseconds(1))));
}
