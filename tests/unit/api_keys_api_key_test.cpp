// Tests of API keys and the key file.
#include "api_keys/api_key.hpp"

#include <fstream>

#include <boost/test/unit_test.hpp>

#include "base/temporary_folder.hpp"

using namespace facebus;
using namespace facebus::api_keys;

namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(finds_only_the_key_with_the_same_hash) {
    const auto key = new_key();
    BOOST_TEST(key.size() == 36U);
    BOOST_TEST(key != new_key());
    const std::vector<Key> keys{hash_key(Role::read, new_key(), "a"),
                                hash_key(Role::admin, key, "b")};
    BOOST_TEST(find(keys, key) == 1U);
    BOOST_TEST(find(keys, key.substr(1)) == 2U);
    BOOST_TEST(find(keys, "") == 2U);
    BOOST_TEST(find(keys, keys[1].hash) == 2U);
    BOOST_TEST(find({}, key) == 0U);
}

BOOST_AUTO_TEST_CASE(hashes_with_sha_256) {
    BOOST_TEST(hash_key(Role::read, "abc", "a").hash ==
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

BOOST_AUTO_TEST_CASE(stores_only_hashes_in_a_private_file_and_rejects_a_name_that_is_taken) {
    const TemporaryFolder folder;
    const auto file = folder / "keys";
    const auto key = new_key();
    BOOST_REQUIRE(add(file, hash_key(Role::enrol, key, "desk")));
    BOOST_REQUIRE(add(file, hash_key(Role::read, new_key(), "door-1")));
    BOOST_TEST(text_of(file).find(key) == std::string::npos);
    constexpr auto owner = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
    const auto permissions = std::filesystem::status(file).permissions();
    BOOST_TEST(((permissions & std::filesystem::perms::all) == owner));
    const auto keys = read(file).value().keys;
    BOOST_REQUIRE(keys.size() == 2U);
    BOOST_TEST(find(keys, key) == 0U);
    BOOST_TEST((keys[0].role == Role::enrol));
    BOOST_TEST(keys[1].name == "door-1");
    const auto again = add(file, hash_key(Role::admin, key, "desk"));
    BOOST_TEST((again.error().kind == ErrorKind::exists));
}

BOOST_AUTO_TEST_CASE(skips_comments_empty_and_invalid_lines_and_reports_the_first_invalid_line) {
    const std::string hash(64, 'a');
    const auto content = parse("# keys\n\n  \nread " + hash + " door\n");
    BOOST_TEST(content.keys.size() == 1U);
    BOOST_TEST(!content.problem);
    for (const auto& bad :
         {"god " + hash + " x", "read " + hash, std::string("read abc x"), "read " + hash + " x y",
          "read " + hash + " x/y", "read " + std::string(64, 'G') + " x"}) {
        const auto parsed = parse("\n" + bad + "\nread " + hash + " door\nx\n");
        BOOST_TEST(parsed.keys.size() == 1U);
        BOOST_REQUIRE(parsed.problem);
        BOOST_TEST((parsed.problem->kind == ErrorKind::malformed));
        BOOST_TEST(parsed.problem->message.starts_with("line 2: "), parsed.problem->message);
    }
}

BOOST_AUTO_TEST_CASE(rejects_a_folder_a_missing_file_and_a_file_that_every_user_can_write_to) {
    const TemporaryFolder folder;
    const auto file = folder / "keys";
    BOOST_REQUIRE(add(file, hash_key(Role::read, "k", "a")));
    std::filesystem::permissions(file, std::filesystem::perms::others_write,
                                 std::filesystem::perm_options::add);
    BOOST_TEST((read(file).error().kind == ErrorKind::refused));
    BOOST_TEST((read(folder / "none").error().kind == ErrorKind::unavailable));
    BOOST_TEST((read(folder.path()).error().kind == ErrorKind::unavailable));
}
