// Tests authentication, limits and errors of the REST API, without sockets. Also tests Pool and
// lease().
#include <memory>
#include <thread>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/temporary_folder.hpp"
#include "gateway/backend.hpp"
#include "gateway/pool.hpp"
#include "gateway/site.hpp"

using namespace facebus;
using namespace facebus::gateway;

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

    Site make_site(double rate = 0, bool with_keys = true) {
        const auto respond = [](const AuthorizedRequest&) { return http::Response{.body = "yes"}; };
        const auto stream = [](const AuthorizedRequest&) {
            return http::Response{.pieces = [] { return std::optional<std::string>(""); }};
        };
        return Site(
            {with_keys ? std::make_shared<KeyRing>(folder / "keys", [](const Error&) {}) : nullptr,
             rate,
             2,
             {}},
            Router({{"GET", "/public", std::nullopt, 0, respond},
                    {"GET", "/events", api_keys::Role::read, 0, stream},
                    {"POST", "/read", api_keys::Role::read, 10, respond},
                    {"POST", "/enrol", api_keys::Role::enrol, 100, respond},
                    {"POST", "/admin", api_keys::Role::admin, 1000, respond}}),
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

struct LeaseFixture {
    gateway::Options options;
    enrolment::Options enrolment_options;
    Metrics metrics;
    ImageDecoder images{ImageDecoder::limits(options), metrics};
    Pool<FaceStage> stages;
    Pool<gallery::Store> stores;
    Backend backend{options, enrolment_options, {}, images, stages, stores, {}, {}, {}};
    Pool<int> pool;
};

/// Checks an error response and returns its status.
int status(const http::Response& error) {
    const auto json = nlohmann::json::parse(error.body);
    BOOST_TEST(json["message"].is_string());
    BOOST_TEST(json["code"].is_number_integer());
    return error.status;
}

/// Returns 200 if the request was admitted; otherwise checks the error and returns its status.
int status(const std::expected<std::size_t, http::Response>& admitted) {
    return admitted ? 200 : status(admitted.error());
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(each_role_has_the_permissions_of_all_lower_roles, Fixture) {
    auto site = make_site();
    const std::map<std::string, std::vector<int>> expected{{read, {200, 403, 403}},
                                                           {enrol, {200, 200, 403}},
                                                           {admin, {200, 200, 200}},
                                                           {"", {401, 401, 401}},
                                                           {"x", {401, 401, 401}}};
    for (const auto& [key, statuses] : expected) {
        std::vector<int> actual;
        for (const auto* path : {"/read", "/enrol", "/admin"}) {
            actual.push_back(status(site.admit(request(path, key))));
        }
        BOOST_TEST(actual == statuses, boost::test_tools::per_element());
    }
    BOOST_TEST(status(site.admit(request("/public", "", "GET"))) == 200);
}

BOOST_FIXTURE_TEST_CASE(checks_the_key_again_before_calling_the_handler, Fixture) {
    auto site = make_site();
    BOOST_TEST(site.handle(request("/read", read)).body == "yes");
    BOOST_TEST(site.handle(request("/read", "revoked")).status == 401);
}

BOOST_FIXTURE_TEST_CASE(stream_ends_after_its_key_was_revoked, Fixture) {
    auto site = make_site();
    auto stream = site.handle(request("/events", read, "GET"));
    BOOST_REQUIRE(stream.pieces);
    BOOST_TEST(stream.pieces().has_value());
    std::filesystem::remove(folder / "keys");
    add(api_keys::Role::admin, admin, "chief");
    const auto limit = Monotonic::now() + std::chrono::seconds(30);
    while (stream.pieces() && Monotonic::now() < limit) std::this_thread::yield();
    BOOST_TEST((Monotonic::now() < limit));
}

BOOST_FIXTURE_TEST_CASE(every_client_has_full_access_if_no_api_keys_are_required, Fixture) {
    auto site = make_site(0, false);
    auto local = request("/admin", "any");
    local.headers["host"] = "localhost:8000";
    BOOST_TEST(status(site.admit(local)) == 200);
}

BOOST_FIXTURE_TEST_CASE(rejects_requests_from_other_web_sites_if_no_api_keys_are_required,
                        Fixture) {
    auto local = request("/admin", "");
    local.headers["host"] = "localhost:8000";
    auto site = make_site(0, false);
    BOOST_TEST(status(site.admit(local)) == 403);
    BOOST_TEST(status(make_site().admit(request("/admin", admin))) == 200);
}

BOOST_FIXTURE_TEST_CASE(limits_the_body_size_per_route, Fixture) {
    auto site = make_site();
    BOOST_TEST(site.max_body() == 1000U);
    BOOST_TEST(status(site.admit(request("/read", admin, "POST", 10))) == 200);
    BOOST_TEST(status(site.admit(request("/read", admin, "POST", 11))) == 413);
    BOOST_TEST(status(site.admit(request("/admin", admin, "POST", 1000))) == 200);
}

BOOST_FIXTURE_TEST_CASE(limits_the_request_rate_per_key, Fixture) {
    auto site = make_site(1e-6);
    BOOST_TEST(status(site.admit(request("/read", read))) == 200);
    BOOST_TEST(status(site.admit(request("/read", read))) == 200);
    const auto error = site.admit(request("/read", read));
    BOOST_TEST(status(error) == 429);
    BOOST_TEST(error.error().headers.contains("Retry-After"));
    BOOST_TEST(status(site.admit(request("/read", enrol))) == 200);
    BOOST_TEST(status(site.admit(request("/public", "", "GET"))) == 200);
}

BOOST_FIXTURE_TEST_CASE(reports_unknown_paths_and_unsupported_methods_as_json, Fixture) {
    auto site = make_site();
    BOOST_TEST(status(site.admit(request("/nothing", admin))) == 404);
    const auto wrong = site.admit(request("/read", admin, "GET"));
    BOOST_TEST(status(wrong) == 405);
    BOOST_TEST(wrong.error().headers.at("Allow") == "POST");
    BOOST_TEST(status(site.error_response(413)) == 413);
}

BOOST_FIXTURE_TEST_CASE(missing_key_file_is_a_fatal_error_that_names_the_option, Fixture) {
    const auto names_option = [](const FatalError& error) {
        return std::string(error.what()).find("gateway.keys") != std::string::npos;
    };
    BOOST_CHECK_EXCEPTION(KeyRing(folder / "none", {}), FatalError, names_option);
}

BOOST_FIXTURE_TEST_CASE(refresh_loads_a_key_file_whose_time_has_not_changed, Fixture) {
    KeyRing keys(folder / "keys", {});
    const auto time = std::filesystem::last_write_time(folder / "keys");
    const auto late = api_keys::new_key();
    add(api_keys::Role::read, late, "late");
    std::filesystem::last_write_time(folder / "keys", time);
    BOOST_TEST(!keys.find(late));
    BOOST_TEST(keys.refresh().value() == 4U);
    BOOST_TEST(keys.find(late).has_value());
}

BOOST_FIXTURE_TEST_CASE(refreshing_a_missing_key_file_revokes_all_keys_and_reports_the_file,
                        Fixture) {
    KeyRing keys(folder / "keys", {});
    std::filesystem::remove(folder / "keys");
    const auto refreshed = keys.refresh();
    BOOST_REQUIRE(!refreshed);
    BOOST_TEST(refreshed.error().message.find((folder / "keys").string()) != std::string::npos);
    BOOST_TEST(!keys.find(admin));
}

BOOST_AUTO_TEST_CASE(pool_leases_each_item_to_one_user_at_a_time) {
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

BOOST_AUTO_TEST_CASE(a_lease_can_end_before_its_destructor_runs) {
    Pool<int> pool;
    pool.add(std::make_unique<int>(7));
    auto first = pool.acquire(std::chrono::seconds(1));
    first.end();
    BOOST_TEST(!first);
    first.end();
    const auto second = pool.acquire(std::chrono::milliseconds(1));
    BOOST_TEST(static_cast<bool>(second));
    BOOST_TEST(!pool.acquire(std::chrono::milliseconds(1)));
}

BOOST_FIXTURE_TEST_CASE(lease_fails_with_503_after_the_timeout, LeaseFixture) {
    options.timeout = 0.02;
    const auto before = Monotonic::now();
    const auto leased = lease(pool, backend);
    BOOST_REQUIRE(!leased);
    BOOST_TEST(leased.error().status == 503);
    BOOST_TEST((Monotonic::now() - before >= std::chrono::milliseconds(20)));
}

BOOST_FIXTURE_TEST_CASE(lease_with_the_longest_timeout_waits_for_an_item, LeaseFixture) {
    options.timeout = 3600;
    std::jthread later([&] { pool.add(std::make_unique<int>(7)); });
    const auto leased = lease(pool, backend);
    BOOST_REQUIRE(leased);
    BOOST_TEST(**leased == 7);
}
