// Tests which API keys are valid after the key file has changed.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/resource.h>

#include "base/temporary_folder.hpp"
#include "gateway/key_ring.hpp"

using namespace facebus;
using namespace facebus::gateway;

namespace {

struct Fixture {
    TemporaryFolder folder;
    std::filesystem::path file = folder / "keys";
    std::string first = api_keys::new_key();
    std::string second = api_keys::new_key();
    std::vector<std::string> errors;

    Fixture() { write(line(first, "first") + line(second, "second")); }

    static std::string line(const std::string& key, const std::string& name) {
        return "read " + api_keys::hash_key(api_keys::Role::read, key, name).hash + " " + name +
               "\n";
    }
    void write(const std::string& text) const {
        std::ofstream out(file);
        out << text;
        BOOST_REQUIRE(out.flush());
    }
    KeyRing open() {
        return {file, [this](const Error& error) { errors.push_back(error.message); }};
    }
    bool last_error_mentions(const std::string& words) const {
        return !errors.empty() && errors.back().find(words) != std::string::npos;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_key_ring, Fixture)

BOOST_AUTO_TEST_CASE(a_removed_key_is_revoked_even_if_another_line_is_invalid) {
    auto keys = open();
    write("oops\n" + line(first, "first"));
    const auto refreshed = keys.refresh();
    BOOST_REQUIRE(!refreshed);
    BOOST_TEST(keys.find(first).has_value());
    BOOST_TEST(!keys.find(second));
    BOOST_TEST(last_error_mentions("line 1"));
    const auto status = keys.status();
    BOOST_TEST(status.keys == 1U);
    BOOST_TEST(status.problem.value().message.find(file.string()) != std::string::npos);
    write(line(first, "first"));
    BOOST_TEST(keys.refresh().value() == 1U);
    BOOST_TEST(!keys.status().problem);
    BOOST_TEST(errors.size() == 1U);
}

BOOST_AUTO_TEST_CASE(deleting_the_file_revokes_all_keys_until_it_is_restored) {
    auto keys = open();
    std::filesystem::remove(file);
    BOOST_TEST(!keys.refresh());
    BOOST_TEST(!keys.find(first));
    BOOST_TEST(!keys.find(second));
    BOOST_TEST(last_error_mentions("does not exist"));
    BOOST_TEST(keys.status().keys == 0U);
    BOOST_TEST(!keys.refresh());
    BOOST_TEST(errors.size() == 1U);
    write(line(second, "second"));
    BOOST_TEST(keys.refresh().value() == 1U);
    BOOST_TEST(keys.find(second).has_value());
}

BOOST_AUTO_TEST_CASE(deleting_the_folder_revokes_all_keys) {
    std::filesystem::create_directory(folder / "inner");
    std::filesystem::rename(file, folder / "inner/keys");
    file = folder / "inner/keys";
    auto keys = open();
    std::filesystem::remove_all(folder / "inner");
    BOOST_TEST(!keys.refresh());
    BOOST_TEST(!keys.find(first));
}

BOOST_AUTO_TEST_CASE(a_temporary_read_error_keeps_the_keys_valid) {
    auto keys = open();
    rlimit before{};
    BOOST_REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto refreshed = keys.refresh();
    const bool valid = keys.find(first) && keys.find(second);
    const auto status = keys.status();
    BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    BOOST_REQUIRE(!refreshed);
    BOOST_TEST((refreshed.error().kind == ErrorKind::unavailable));
    BOOST_TEST(valid);
    BOOST_TEST(status.keys == 2U);
    BOOST_TEST(last_error_mentions("cannot read"));
    BOOST_TEST(keys.refresh().value() == 2U);
}

BOOST_AUTO_TEST_CASE(a_file_that_every_user_can_write_to_keeps_the_previous_keys) {
    auto keys = open();
    const auto third = api_keys::new_key();
    write(line(third, "third"));
    std::filesystem::permissions(file, std::filesystem::perms::others_write,
                                 std::filesystem::perm_options::add);
    BOOST_TEST(!keys.refresh());
    BOOST_TEST(keys.find(first).has_value());
    BOOST_TEST(!keys.find(third));
    BOOST_TEST(last_error_mentions("chmod"));
}

BOOST_AUTO_TEST_CASE(startup_uses_the_valid_lines_and_fails_if_there_are_none) {
    write("oops\n" + line(first, "first"));
    auto keys = open();
    BOOST_TEST(keys.find(first).has_value());
    BOOST_TEST(last_error_mentions("line 1"));
    write("oops\n");
    BOOST_CHECK_EXCEPTION(open(), FatalError, [](const FatalError& error) {
        return std::string(error.what()).find("line 1") != std::string::npos;
    });
    write("# no keys\n");
    BOOST_CHECK_EXCEPTION(open(), FatalError, [](const FatalError& error) {
        return std::string(error.what()).find("contains no key") != std::string::npos;
    });
}

BOOST_AUTO_TEST_SUITE_END()
