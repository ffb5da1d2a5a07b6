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

/// Creates a key pair and writes it to the folder.
bus::KeyPair make(const fs::path& folder, const std::string& role, const std::string& name) {
    const auto keys = bus::make_key_pair();
    BOOST_REQUIRE(bus::write_key_pair(folder, role, name, keys));
    return keys;
}

}  // namespace

BOOST_AUTO_TEST_CASE(key_pair_is_unchanged_after_writing_and_reading) {
    const TemporaryFolder folder;
    const auto keys = make(folder.path(), "edge", "door");
    const auto secret = bus::read_secret_key(folder.path() / "door.key");
    BOOST_REQUIRE_MESSAGE(secret, secret.error().message);
    BOOST_TEST(secret->secret_key == keys.secret_key);
    BOOST_TEST(secret->public_key == keys.public_key);
    const auto read = bus::read_public_key(folder.path() / "door.pub");
    BOOST_REQUIRE_MESSAGE(read, read.error().message);
    BOOST_TEST(read->key == keys.public_key);
    BOOST_TEST(read->role == "edge");
    BOOST_TEST(read->name == "door");
}

BOOST_AUTO_TEST_CASE(key_pairs_are_unique) {
    BOOST_TEST(bus::make_key_pair().secret_key != bus::make_key_pair().secret_key);
}

BOOST_AUTO_TEST_CASE(secret_key_file_is_readable_only_by_its_owner) {
    const TemporaryFolder folder;
    make(folder.path(), "edge", "door");
    const auto permissions = fs::status(folder.path() / "door.key").permissions();
    BOOST_TEST((permissions == (fs::perms::owner_read | fs::perms::owner_write)));
}

BOOST_AUTO_TEST_CASE(rejects_secret_keys_that_all_users_can_read) {
    const TemporaryFolder folder;
    make(folder.path(), "edge", "door");
    const auto file = folder.path() / "door.key";
    fs::permissions(file, fs::perms::others_read, fs::perm_options::add);
    const auto read = bus::read_secret_key(file);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::refused));
}

BOOST_AUTO_TEST_CASE(does_not_overwrite_an_existing_key) {
    const TemporaryFolder folder;
    const auto keys = make(folder.path(), "edge", "door");
    fs::remove(folder.path() / "door.pub");
    const auto again = bus::write_key_pair(folder.path(), "edge", "door", bus::make_key_pair());
    BOOST_REQUIRE(!again);
    BOOST_TEST((again.error().kind == ErrorKind::exists));
    BOOST_TEST(bus::read_secret_key(folder.path() / "door.key")->secret_key == keys.secret_key);
}

BOOST_AUTO_TEST_CASE(rejects_malformed_public_keys) {
    const auto key = bus::make_key_pair().public_key;
    BOOST_TEST(bus::parse_public_key("edge " + key + " door\n").has_value());
    for (const auto& text :
         {std::string(), std::string("edge"), "edge " + key, "king " + key + " door",
          "edge " + key.substr(1) + " door", "edge " + key + "0 door",
          "edge " + std::string(40, '~') + " door", "edge " + key + " a b", "edge " + key + " ",
          "edge " + key + " door\nedge " + key + " gate", std::string(4096, 'x')}) {
        const auto parsed = bus::parse_public_key(text);
        BOOST_REQUIRE_MESSAGE(!parsed, "accepted: " << text);
        BOOST_TEST((parsed.error().kind == ErrorKind::malformed));
    }
}

BOOST_AUTO_TEST_CASE(rejects_a_public_key_file_as_secret_key) {
    const TemporaryFolder folder;
    make(folder.path(), "edge", "door");
    fs::permissions(folder.path() / "door.pub", fs::perms::owner_read);
    const auto read = bus::read_secret_key(folder.path() / "door.pub");
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::malformed));
    BOOST_TEST(read.error().message.find("facebus keygen") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(error_mentions_the_missing_key_file) {
    const auto read = bus::read_secret_key("/nonexistent/door.key");
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::unavailable));
    BOOST_TEST(read.error().message.find("/nonexistent/door.key") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(allow_list_permits_a_key_only_for_its_role) {
    const TemporaryFolder folder;
    const auto keys = make(folder.path(), "edge", "door");
    const bus::AllowList allowed(folder.path());
    BOOST_TEST(allowed.allows("edge", keys.public_key));
    BOOST_TEST(!allowed.allows("worker", keys.public_key));
    BOOST_TEST(!allowed.allows("edge", bus::make_key_pair().public_key));
    BOOST_TEST(!allowed.allows("edge", ""));
}

BOOST_AUTO_TEST_CASE(allow_list_applies_changes_at_once_when_it_is_refreshed) {
    const TemporaryFolder folder;
    bus::AllowList allowed(folder.path());
    const auto keys = make(folder.path(), "edge", "door");
    BOOST_TEST(allowed.refresh().value() == 1U);
    BOOST_TEST(allowed.allows("edge", keys.public_key));
    std::filesystem::remove(folder / "door.pub");
    BOOST_TEST(allowed.refresh().value() == 0U);
    BOOST_TEST(!allowed.allows("edge", keys.public_key));
}

BOOST_AUTO_TEST_CASE(allow_list_that_cannot_be_refreshed_keeps_its_keys) {
    const TemporaryFolder folder;
    const auto list = folder / "allowed";
    std::filesystem::create_directory(list);
    const auto keys = make(list, "edge", "door");
    bus::AllowList allowed(list);
    std::filesystem::rename(list, folder / "elsewhere");
    const auto refreshed = allowed.refresh();
    BOOST_REQUIRE(!refreshed);
    BOOST_TEST(refreshed.error().message.find(list.string()) != std::string::npos);
    BOOST_TEST(allowed.allows("edge", keys.public_key));
}

BOOST_AUTO_TEST_CASE(allow_list_rejects_a_missing_folder_and_invalid_keys_at_startup) {
    const TemporaryFolder folder;
    BOOST_CHECK_THROW(bus::AllowList(folder.path() / "none"), FatalError);
    write(folder.path() / "door.pub", "not a key\n");
    BOOST_CHECK_THROW(bus::AllowList(folder.path()), FatalError);
}
