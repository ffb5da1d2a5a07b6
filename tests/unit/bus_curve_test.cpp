// Tests of key pairs, key files and AllowList.
#include <fstream>

#include <boost/test/unit_test.hpp>
#include <sys/resource.h>

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
    const auto line = "edge " + key + " door\n";
    for (const auto& text : {std::string(),
                             std::string("edge"),
                             "edge " + key,
                             "king " + key + " door",
                             "edge " + key.substr(1) + " door",
                             "edge " + key + "0 door",
                             "edge " + std::string(40, '~') + " door",
                             "edge " + key + " a b",
                             "edge " + key + " ",
                             "edge " + key + " door\nedge " + key + " gate",
                             std::string(4096, 'x'),
                             line + "cameras",
                             line + "cameras ",
                             line + "cameras \n",
                             line + "cameras a,,b",
                             line + "cameras a, b",
                             line + "cameras a,",
                             line + "cameras a\ncameras b",
                             line + "cameras " + std::string(65, 'a'),
                             line + "cameras a?",
                             line + "\n",
                             "worker " + key + " one\ncameras door"}) {
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

BOOST_AUTO_TEST_CASE(list_of_cameras_is_unchanged_after_writing_and_reading) {
    const TemporaryFolder folder;
    const std::vector<std::string> cameras{"front-*", "door", "*"};
    BOOST_REQUIRE(
        bus::write_key_pair(folder.path(), "edge", "door", bus::make_key_pair(), cameras));
    const auto read = bus::read_public_key(folder.path() / "door.pub");
    BOOST_REQUIRE_MESSAGE(read, read.error().message);
    BOOST_TEST(read->cameras == cameras, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(rejects_a_key_file_that_is_longer_than_its_limit) {
    const TemporaryFolder folder;
    make(folder.path(), "edge", "door");
    const auto file = folder.path() / "door.pub";
    std::ofstream(file, std::ios::app) << "cameras door" << std::string(16 * 1024, ',') << "a";
    const auto read = bus::read_public_key(file);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::malformed));
}

BOOST_AUTO_TEST_CASE(allow_list_permits_a_key_only_for_its_role) {
    const TemporaryFolder folder;
    const auto keys = make(folder.path(), "edge", "door");
    const bus::AllowList allowed(folder.path());
    BOOST_TEST(allowed.find("edge", keys.public_key));
    BOOST_TEST(!allowed.find("worker", keys.public_key));
    BOOST_TEST(!allowed.find("edge", bus::make_key_pair().public_key));
    BOOST_TEST(!allowed.find("edge", ""));
}

BOOST_AUTO_TEST_CASE(allow_list_returns_file_name_and_cameras_of_a_key) {
    const TemporaryFolder folder;
    const auto keys = bus::make_key_pair();
    BOOST_REQUIRE(bus::write_key_pair(folder.path(), "edge", "door", keys, {"front-*"}));
    fs::rename(folder.path() / "door.pub", folder.path() / "gate.pub");
    const bus::AllowList allowed(folder.path());
    const auto entry = allowed.find("edge", keys.public_key);
    BOOST_REQUIRE(entry);
    BOOST_TEST(entry->name == "gate");
    BOOST_TEST(entry->cameras == std::vector<std::string>{"front-*"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(allow_list_rejects_a_missing_folder_and_invalid_keys_at_startup) {
    const TemporaryFolder folder;
    BOOST_CHECK_THROW(bus::AllowList(folder.path() / "none"), FatalError);
    write(folder.path() / "door.pub", "not a key\n");
    BOOST_CHECK_THROW(bus::AllowList(folder.path()), FatalError);
}

BOOST_AUTO_TEST_CASE(allow_list_rejects_two_files_with_the_same_key_at_startup) {
    const TemporaryFolder folder;
    make(folder.path(), "edge", "door");
    fs::copy(folder.path() / "door.pub", folder.path() / "gate.pub");
    BOOST_CHECK_EXCEPTION(bus::AllowList(folder.path()), FatalError, [](const auto& error) {
        const std::string text = error.what();
        return text.contains("door.pub") && text.contains("gate.pub") && text.contains("remove");
    });
}

BOOST_AUTO_TEST_CASE(allow_list_follows_added_and_removed_files) {
    const TemporaryFolder folder;
    const auto door = make(folder.path(), "edge", "door");
    bus::AllowList allowed(folder.path());
    const auto gate = make(folder.path(), "worker", "gate");
    fs::remove(folder.path() / "door.pub");
    BOOST_TEST(allowed.refresh().value() == 1U);
    BOOST_TEST(!allowed.find("edge", door.public_key));
    BOOST_TEST(allowed.find("worker", gate.public_key));
    BOOST_TEST(allowed.name_of(door.public_key) == "door");
}

BOOST_AUTO_TEST_CASE(allow_list_keeps_its_keys_while_the_folder_is_missing) {
    const TemporaryFolder parent;
    const auto folder = parent.path() / "allowed";
    const auto door = make(folder, "edge", "door");
    bus::AllowList allowed(folder);
    fs::rename(folder, parent.path() / "moved");
    const auto failed = allowed.refresh();
    BOOST_REQUIRE(!failed);
    BOOST_TEST((failed.error().kind == ErrorKind::unavailable));
    BOOST_TEST(failed.error().message.contains(folder.string()));
    BOOST_TEST(allowed.find("edge", door.public_key));
    fs::rename(parent.path() / "moved", folder);
    BOOST_TEST(allowed.refresh().has_value());
}

BOOST_AUTO_TEST_CASE(allow_list_keeps_its_keys_while_no_descriptor_is_free) {
    const TemporaryFolder folder;
    const auto door = make(folder.path(), "edge", "door");
    bus::AllowList allowed(folder.path());
    rlimit limit{};
    BOOST_REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
    BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto failed = allowed.refresh();
    BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    BOOST_TEST(!failed.has_value());
    BOOST_TEST(allowed.find("edge", door.public_key));
}

BOOST_AUTO_TEST_CASE(allow_list_keeps_the_last_valid_key_of_an_invalid_but_not_of_a_removed_file) {
    const TemporaryFolder folder;
    const auto door = make(folder.path(), "edge", "door");
    bus::AllowList allowed(folder.path());
    write(folder.path() / "door.pub", "not a key\n");
    const auto gate = make(folder.path(), "edge", "gate");
    const auto failed = allowed.refresh();
    BOOST_REQUIRE(!failed);
    BOOST_TEST((failed.error().kind == ErrorKind::malformed));
    BOOST_TEST(failed.error().message.contains("door.pub"));
    BOOST_TEST(allowed.find("edge", door.public_key));
    BOOST_TEST(allowed.find("edge", gate.public_key));
    fs::remove(folder.path() / "door.pub");
    BOOST_TEST(allowed.refresh().value() == 1U);
    BOOST_TEST(!allowed.find("edge", door.public_key));
}

BOOST_AUTO_TEST_CASE(key_added_in_a_second_file_is_reported_and_the_first_file_stays_in_force) {
    const TemporaryFolder folder;
    const auto door = make(folder.path(), "edge", "door");
    bus::AllowList allowed(folder.path());
    write(folder.path() / "alias.pub",
          bus::format({.role = "worker", .key = door.public_key, .name = "alias"}));
    const auto failed = allowed.refresh();
    BOOST_REQUIRE(!failed);
    BOOST_TEST(failed.error().message.contains("alias.pub"));
    BOOST_TEST(allowed.find("edge", door.public_key));
    BOOST_TEST(!allowed.find("worker", door.public_key));
}

BOOST_AUTO_TEST_CASE(allow_list_keeps_the_old_key_of_a_file_that_becomes_a_copy_of_another_file) {
    const TemporaryFolder folder;
    const auto door = make(folder.path(), "edge", "door");
    const auto gate = make(folder.path(), "edge", "gate");
    bus::AllowList allowed(folder.path());
    const auto copy = fs::copy_options::overwrite_existing;
    fs::copy_file(folder.path() / "gate.pub", folder.path() / "door.pub", copy);
    BOOST_TEST(!allowed.refresh().has_value());
    BOOST_TEST(allowed.find("edge", gate.public_key)->name == "gate");
    BOOST_REQUIRE(allowed.find("edge", door.public_key));
}
