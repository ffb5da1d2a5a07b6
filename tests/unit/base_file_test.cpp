// Tests of writing files atomically and of reading secrets.
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/temporary_folder.hpp"

using namespace facebus;

namespace {

std::string calls;    ///< record of the calls of fsync() and rename()
int fsync_error = 0;  ///< errno with which fsync() fails; 0: fsync() succeeds

}  // namespace

// In this program, the next two functions replace those of the C library.
extern "C" int fsync(int descriptor) {
    struct stat info{};
    fstat(descriptor, &info);
    calls += S_ISDIR(info.st_mode) ? "fsync folder, " : "fsync file, ";
    errno = fsync_error;
    return fsync_error == 0 ? 0 : -1;
}

extern "C" int rename(const char* from, const char* to) noexcept {
    calls += "rename, ";
    return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

namespace {

std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(writes_and_replaces_a_file_and_leaves_no_temporary_file) {
    const TemporaryFolder folder;
    const std::string bytes("a\0\r\n\xFF", 5);
    BOOST_REQUIRE(write_file(folder / "new", bytes));
    BOOST_TEST(contents(folder / "new") == bytes);
    BOOST_REQUIRE(write_file(folder / "new", "shorter"));
    BOOST_TEST(contents(folder / "new") == "shorter");
    BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

BOOST_AUTO_TEST_CASE(reads_a_secret_from_the_first_line) {
    const TemporaryFolder folder;
    std::ofstream(folder / "secret") << "first\nsecond\n";
    BOOST_TEST(read_secret(folder / "secret", "test.file") == "first");
    BOOST_TEST(read_secret("", "test.file") == "");
}

BOOST_AUTO_TEST_CASE(error_for_a_file_without_a_secret_mentions_the_file_and_the_setting) {
    const TemporaryFolder folder;
    std::ofstream(folder / "empty").flush();
    std::ofstream(folder / "blank") << "\nsecond\n";
    for (const auto& file : {folder / "empty", folder / "blank", folder / "missing"}) {
        const auto names_both = [&](const FatalError& error) {
            const std::string text = error.what();
            return error.code() == Exit::config && text.find(file.string()) != std::string::npos &&
                   text.find("test.file") != std::string::npos;
        };
        BOOST_CHECK_EXCEPTION(read_secret(file, "test.file"), FatalError, names_both);
    }
}

BOOST_AUTO_TEST_CASE(failed_write_reports_the_file_and_leaves_no_temporary_file) {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "taken");
    std::ofstream(folder / "taken/file") << "there";
    for (const auto& file : {folder / "taken", folder / "missing/file"}) {
        const auto written = write_file(file, "x");
        BOOST_REQUIRE(!written);
        BOOST_TEST((written.error().kind == ErrorKind::unavailable));
        BOOST_TEST(written.error().message.find(file.string()) != std::string::npos);
    }
    BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

BOOST_AUTO_TEST_CASE(syncs_the_file_before_the_rename_and_the_folder_after_it) {
    const TemporaryFolder folder;
    calls.clear();
    BOOST_REQUIRE(write_file(folder / "new", "x"));
    BOOST_TEST(calls == "fsync file, rename, fsync folder, ");
}

BOOST_AUTO_TEST_CASE(keeps_the_old_file_if_the_new_one_cannot_be_synced) {
    const TemporaryFolder folder;
    BOOST_REQUIRE(write_file(folder / "keys", "old"));
    fsync_error = EIO;
    const auto written = write_file(folder / "keys", "new");
    fsync_error = 0;
    BOOST_REQUIRE(!written);
    BOOST_TEST(contents(folder / "keys") == "old");
    BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}
