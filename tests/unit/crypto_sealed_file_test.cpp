// Tests of SealedWriter and SealedReader.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "base/temporary_folder.hpp"
#include "crypto/sealed_file.hpp"

using namespace facebus;
using namespace facebus::crypto;
namespace fs = std::filesystem;

namespace {

/// Returns lines that fill several chunks of an encrypted file.
std::vector<std::string> lines() {
    std::vector<std::string> all;
    for (int i = 0; i < 100; ++i) all.push_back(std::to_string(i) + std::string(2000, 'x'));
    return all;
}

/// File that contains lines().
struct LinesFile {
    explicit LinesFile(const std::string& passphrase) {
        auto writer = SealedWriter::create(file, passphrase);
        BOOST_REQUIRE(writer);
        for (const auto& line : lines()) BOOST_REQUIRE(writer->write(line + "\n"));
        BOOST_REQUIRE(writer->commit());
    }

    /// Returns all lines, or the first error.
    [[nodiscard]] Result<std::vector<std::string>> read(const std::string& passphrase) const {
        auto reader = SealedReader::open(file, passphrase);
        if (!reader) return std::unexpected(reader.error());
        std::vector<std::string> all;
        while (true) {
            auto line = reader->line();
            if (!line) return std::unexpected(line.error());
            if (!*line) return all;
            all.push_back(**line);
        }
    }

    [[nodiscard]] std::string bytes() const {
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void replace(const std::string& bytes) const { std::ofstream(file, std::ios::binary) << bytes; }

    TemporaryFolder folder;
    fs::path file = folder.path() / "gallery.sealed";
};

}  // namespace

BOOST_AUTO_TEST_CASE(plain_and_encrypted_files_keep_all_lines_and_are_readable_only_by_the_owner) {
    for (const std::string passphrase : {"", "a long passphrase"}) {
        const LinesFile written(passphrase);
        const auto read = written.read(passphrase);
        BOOST_REQUIRE(read);
        BOOST_TEST((*read == lines()));
        const auto permissions = fs::status(written.file).permissions();
        BOOST_TEST(
            ((permissions & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none));
    }
}

BOOST_AUTO_TEST_CASE(encrypted_file_is_unreadable_without_the_right_passphrase) {
    const LinesFile written("a long passphrase");
    BOOST_TEST(written.bytes().find("xxxx") == std::string::npos);
    for (const std::string wrong : {"", "another"}) {
        const auto read = written.read(wrong);
        BOOST_REQUIRE(!read);
        BOOST_TEST((read.error().kind == ErrorKind::refused));
    }
}

BOOST_AUTO_TEST_CASE(detects_modified_bytes_and_truncation) {
    const LinesFile written("p");
    const auto valid = written.bytes();
    // Offset of the first chunk: the bytes of the first line, the salt and the header.
    constexpr std::size_t first_chunk = 17 + 16 + 24;
    // Size of an encrypted chunk: the plain text, and the bytes that encryption adds.
    constexpr std::size_t sealed_chunk = 65'536 + 17;
    for (const std::size_t offset :
         {std::size_t{20}, std::size_t{40}, std::size_t{100}, valid.size() - 1}) {
        auto changed = valid;
        changed[offset] = static_cast<char>(changed[offset] ^ 1);
        written.replace(changed);
        BOOST_TEST(!written.read("p").has_value(), "modified at " << offset);
    }
    for (const std::size_t size : {std::size_t{30}, first_chunk + sealed_chunk,
                                   first_chunk + 2 * sealed_chunk, valid.size() - 1}) {
        written.replace(valid.substr(0, size));
        BOOST_TEST(!written.read("p").has_value(), "truncated at " << size);
    }
}

BOOST_AUTO_TEST_CASE(reports_a_file_that_cannot_be_read) {
    const TemporaryFolder folder;
    for (const auto& file : {folder.path(), folder / "missing"}) {
        const auto reader = SealedReader::open(file, "");
        BOOST_REQUIRE(!reader);
        BOOST_TEST((reader.error().kind == ErrorKind::unavailable));
        BOOST_TEST(reader.error().message.find(file.string()) != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(leaves_no_file_without_commit) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "gallery.json";
    {
        auto writer = SealedWriter::create(file, "");
        BOOST_REQUIRE(writer);
        BOOST_REQUIRE(writer->write("one\n"));
    }
    BOOST_TEST(fs::is_empty(folder.path()));
}
