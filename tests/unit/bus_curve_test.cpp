#include <fstream>

#include <boost/test/unit_test.hpp>

#include "base/temporary_folder.hpp"
#include "bus/allow_list.hpp"
#include "bus/curve.hpp"

using namespace facebus;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
}

bus::KeyPair make(const fs::path& folder, const std::string& role, const std::string& name) {
    const auto keys = bus::make_key_pair();
    BOOST_REQUIRE(bus::write_key_pair(folder, role, name, keys));
    return keys;
}

}  // namespace

BOOST_AUTO_TEST_CASE(keys_come_back_from_their_files_as_they_were_made) {
    const TemporaryFolder folder;
    const auto keys = make(folder.path(), "edge", "door");
    const auto secret = bus::read_secret_key(folder.path() / "door.key");
    BOOST_REQUIRE_MESSAGE(secret, secret.error().message);
    BOOST_TEST(secret->secret_key == keys.secret_key);
    BOOST_TEST(secret->public_key == keys.public_key);
    const auto open = bus::read_public_key(folder.path() / "door.pub");
    BOOST_REQUIRE_MESSAGE(open, open.error().message);
    BOOST_TEST(open->key == keys.public_key);
    BOOST_TEST(open->role == "edge");
    BOOST_TEST(open->name == "door");
}

BOOST_AUTO_TEST_CASE(no_two_keys_are_alike) {
    BOOST_TEST(bus::make_key_pair().secret_key != bus::make_key_pair().secret_key);
}

BOOST_AUTO_TEST_CASE(nobody_but_the_owner_can_read_a_secret_key) {
    const TemporaryFolder folder;
    make(folder.path(), "edge", "door");
    const auto rights = fs::status(folder.path() / "door.key").permissions();
    BOOST_TEST((rights == (fs::perms::owner_read | fs::perms::owner_write)));
}

BOOST_AUTO_TEST_CASE(a_secret_key_that_everybody_can_read_is_refused) {
    const TemporaryFolder folder;
    make(folder.path(), "edge", "door");
    const auto file = folder.path() / "door.key";
    fs::permissions(file, fs::perms::others_read, fs::perm_options::add);
    const auto read = bus::read_secret_key(file);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::refused));
}

BOOST_AUTO_TEST_CASE(a_key_that_is_in_use_is_not_replaced) {
    const TemporaryFolder folder;
    const auto keys = make(folder.path(), "edge", "door");
    fs::remove(folder.path() / "door.pub");
    const auto again = bus::write_key_pair(folder.path(), "edge", "door", bus::make_key_pair());
    BOOST_REQUIRE(!again);
    BOOST_TEST((again.error().kind == ErrorKind::exists));
    BOOST_TEST(bus::read_secret_key(folder.path() / "door.key")->secret_key == keys.secret_key);
}

BOOST_AUTO_TEST_CASE(what_is_no_public_key_is_refused_with_the_reason) {
    const auto key = bus::make_key_pair().public_key;
    BOOST_TEST(bus::parse_public_key("edge " + key + " door\n").has_value());
    for (const auto& text :
         {std::string(), std::string("edge"), "edge " + key, "king " + key + " door",
          "edge " + key.substr(1) + " door", "edge " + key + "0 door",
          "edge " + std::string(40, '~') + " door", "edge " + key + " a b", "edge " + key + " ",
          "edge " + key + " door\nedge " + key + " gate", std::string(4096, 'x')}) {
        const auto parsed = bus::parse_public_key(text);
        BOOST_REQUIRE_MESSAGE(!parsed, "taken: " << text);
        BOOST_TEST((parsed.error().kind == ErrorKind::malformed));
    }
}

BOOST_AUTO_TEST_CASE(a_public_key_file_in_the_place_of_a_secret_one_is_refused) {
    const TemporaryFolder folder;
    make(folder.path(), "edge", "door");
    fs::permissions(folder.path() / "door.pub", fs::perms::owner_read);
    const auto read = bus::read_secret_key(folder.path() / "door.pub");
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::malformed));
    BOOST_TEST(read.error().message.find("facebus keygen") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_missing_key_file_is_named) {
    const auto read = bus::read_secret_key("/nonexistent/door.key");
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::unavailable));
    BOOST_TEST(read.error().message.find("/nonexistent/door.key") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_key_is_allowed_for_its_own_role_only) {
    const TemporaryFolder folder;
    const auto keys = make(folder.path(), "edge", "door");
    const bus::AllowList allowed(folder.path());
    BOOST_TEST(allowed.allows("edge", keys.public_key));
    BOOST_TEST(!allowed.allows("worker", keys.public_key));
    BOOST_TEST(!allowed.allows("edge", bus::make_key_pair().public_key));
    BOOST_TEST(!allowed.allows("edge", ""));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_or_holds_a_broken_key_stops_the_start) {
    const TemporaryFolder folder;
    BOOST_CHECK_THROW(bus::AllowList(folder.path() / "none"), StartupError);
    write(folder.path() / "door.pub", "no key\n");
    BOOST_CHECK_THROW(bus::AllowList(folder.path()), StartupError);
}
