// Tests of the file format of a backup.
#include <fstream>
#include <sstream>

#include <boost/test/unit_test.hpp>

#include "base/temporary_folder.hpp"
#include "gallery/archive/backup.hpp"
#include "support/faces.hpp"
#include "support/text.hpp"

using namespace facebus;
using namespace facebus::gallery;
using test::face;
using test::id;
using test::replace_once;

namespace {

const Subject subject{.id = id("anna"), .name = "Zoë", .created = 5, .ignored = true};

StoredSample stored_sample() {
    StoredSample stored{test::sample(face(1)), "\xff\xd8\xff photo"};
    stored.further = {"sface-1", test::axis(7)};
    stored.sample.id = id("1");
    stored.sample.subject_id = subject.id;
    return stored;
}

const HistoryEntry entry{"1700000000000-3", "identity.door", std::string("\0\xff", 2), id("anna"),
                         "track-1"};
const BackupFilePart part{"/etc/facebus/bus.key", "bus.key", true, 0, std::string("\0key", 4)};

template <class T>
T read_again(const T& record) {
    const auto line = backup_line(record);
    BOOST_TEST(line.find('\n') == line.size() - 1);
    return std::get<T>(read_backup_line({line.data(), line.size() - 1}).value());
}

struct BackupFixture {
    TemporaryFolder folder;
    std::filesystem::path file = folder / "file";

    void write(const std::string& passphrase) const {
        auto writer = BackupWriter::create(file, passphrase, {.format = 1, .created = 7}).value();
        for (const BackupRecord& record : {BackupRecord(part), BackupRecord(subject),
                                           BackupRecord(stored_sample()), BackupRecord(entry)}) {
            BOOST_REQUIRE(writer.write(record));
        }
        BOOST_REQUIRE(writer.commit());
    }
    [[nodiscard]] std::string content() const {
        std::ifstream in(file, std::ios::binary);
        return (std::ostringstream() << in.rdbuf()).str();
    }
    /// Returns the number of records after the header, or the error.
    [[nodiscard]] Result<std::size_t> count(const std::string& passphrase) const {
        auto reader = BackupReader::open(file, passphrase);
        if (!reader) return std::unexpected(reader.error());
        for (std::size_t records = 0;; ++records) {
            const auto record = reader->next();
            if (!record) return std::unexpected(record.error());
            if (!*record) return records;
        }
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(writes_and_reads_each_kind_of_record) {
    const auto header = read_again(BackupHeader{.format = 3, .created = 4});
    BOOST_TEST(header.format == 3);
    BOOST_TEST(header.created == 4);
    const auto adaptation = read_again(BackupAdaptationPart{7, std::string("{\0", 2)});
    BOOST_TEST(adaptation.offset == 7U);
    BOOST_TEST(adaptation.content == std::string("{\0", 2));
    const auto file = read_again(part);
    BOOST_TEST(file.path == part.path);
    BOOST_TEST(file.setting == part.setting);
    BOOST_TEST(file.secret);
    BOOST_TEST(file.content == part.content);
    BOOST_TEST(read_again(CalibrationOptions{.fpir = 0.25}).fpir == 0.25);
    read_again(OldPolicy{});
    const auto anna = read_again(subject);
    BOOST_TEST(anna.id == subject.id);
    BOOST_TEST(anna.name == "Zoë");
    BOOST_TEST(anna.created == 5);
    BOOST_TEST(anna.ignored);
    const auto sample = read_again(stored_sample());
    BOOST_TEST(sample.sample.id == id("1"));
    BOOST_TEST(sample.sample.subject_id == subject.id);
    BOOST_TEST((sample.sample.embedding == face(1)));
    BOOST_TEST(sample.photo == stored_sample().photo);
    BOOST_REQUIRE(sample.further.has_value());
    BOOST_TEST(sample.further->model_id == "sface-1");
    BOOST_TEST((sample.further->embedding == test::axis(7)));
    const auto result = read_again(entry);
    BOOST_TEST(result.id == entry.id);
    BOOST_TEST(result.header == entry.header);
    BOOST_TEST(result.subject_id == entry.subject_id);
    BOOST_TEST(result.track == entry.track);
}

BOOST_AUTO_TEST_CASE(rejects_lines_that_are_not_records) {
    const auto file = backup_line(part);
    const auto person = backup_line(subject);
    const auto sample = backup_line(stored_sample());
    for (const auto& line :
         {std::string(), std::string("subject"), std::string("subject {}"), std::string("x {}"),
          std::string("sample "), std::string("calibration {\"fpir\":\"7\"}"),
          std::string("backup {\"version\":-1}"), replace_once(file, "/etc/", "/etc/../"),
          replace_once(file, "/etc/facebus/bus.key", "bus.key"),
          replace_once(file, "bus.key\"", "\""), replace_once(person, id("anna"), "anna"),
          replace_once(sample, "\"next_model\":\"sface-1\"", "\"next_model\":\"model-1\""),
          replace_once(sample, "next_embedding", "another"), replace_once(person, "Zoë", ""),
          replace_once(sample, id("1"), "1"), replace_once(sample, id("anna"), "Anna"),
          replace_once(backup_line(entry), "1700000000000-3", "now")}) {
        const auto read = read_backup_line(line);
        BOOST_TEST(!read.has_value(), line);
        if (!read) BOOST_TEST((read.error().kind == ErrorKind::malformed), line);
    }
    const auto later = read_backup_line(R"(backup {"version":2,"format":1,"created":1})");
    BOOST_REQUIRE(!later);
    BOOST_TEST((later.error().kind == ErrorKind::unsupported));
}

BOOST_FIXTURE_TEST_CASE(reads_what_it_wrote_with_and_without_encryption, BackupFixture) {
    for (const std::string passphrase : {"", "secret"}) {
        write(passphrase);
        BOOST_TEST(count(passphrase).value() == 4);
        BOOST_TEST(BackupReader::open(file, passphrase)->header().created == 7);
        BOOST_TEST((content().find("Zoë") == std::string::npos) == !passphrase.empty());
    }
}

BOOST_FIXTURE_TEST_CASE(refuses_a_file_without_encryption_if_there_is_a_passphrase, BackupFixture) {
    write("");
    const auto opened = BackupReader::open(file, "secret");
    BOOST_REQUIRE(!opened);
    BOOST_TEST((opened.error().kind == ErrorKind::refused));
    BOOST_TEST(opened.error().message.find("not encrypted") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(detects_every_removed_repeated_or_modified_line, BackupFixture) {
    write("");
    const auto whole = content();
    std::vector<std::string> lines;
    std::istringstream in(whole);
    for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
    BOOST_REQUIRE(lines.size() == 6);
    const auto check = [&](const std::vector<std::string>& changed) {
        std::ofstream out(file, std::ios::binary);
        for (const auto& line : changed) out << line;
        out.close();
        BOOST_TEST(!count("").has_value());
    };
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto changed = lines;
        changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
        check(changed);
        changed = lines;
        changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
        check(changed);
        changed = lines;
        changed[i].insert(changed[i].size() - 2, " ");
        // A space in the last line changes nothing that it states.
        if (i + 1 < lines.size()) check(changed);
    }
}
