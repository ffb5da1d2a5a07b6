// Tests of the archive format: header lines and sample lines.
#include <boost/test/unit_test.hpp>

#include "crypto/sealed_file.hpp"
#include "gallery/archive/archive.hpp"
#include "gallery/store/record.hpp"
#include "support/faces.hpp"
#include "support/text.hpp"

using namespace facebus;
using namespace facebus::gallery;
using test::replace_once;

namespace {

Sample sample() {
    Sample sample;
    sample.source = "Zoë \"at\" the door.jpg";
    sample.model_id = "model-1";
    sample.quality = 0.625F;
    sample.created = 1'700'000'000'123'456'789;
    sample.embedding[3] = -0.6F;
    sample.embedding[500] = 0.8F;
    return sample;
}

const std::string photo = "\xff\xd8\xff\xe0" + std::string(5000, '\x7f');

}  // namespace

BOOST_AUTO_TEST_CASE(writes_and_reads_a_sample) {
    const auto line =
        archive_line({.subject = "Zoë", .ignored = true, .sample = sample(), .photo = photo});
    BOOST_TEST(line.find('\n') == line.size() - 1);
    const auto read = read_archive_line(line);
    BOOST_REQUIRE(read);
    BOOST_TEST(read->subject == "Zoë");
    BOOST_TEST(read->sample.source == sample().source);
    BOOST_TEST(read->sample.model_id == "model-1");
    BOOST_TEST(read->sample.quality == 0.625F);
    BOOST_TEST(read->sample.created == sample().created);
    BOOST_TEST((read->sample.embedding == sample().embedding));
    BOOST_TEST(read->ignored);
    BOOST_TEST((read->photo == photo));
}

BOOST_AUTO_TEST_CASE(converts_names_of_earlier_versions_to_the_form_that_is_stored_now) {
    const auto subject = [](const std::string& name) {
        return read_archive_line(archive_line({.subject = name, .sample = sample(), .photo = {}}))
            .value()
            .subject;
    };
    BOOST_TEST(subject("Zoe\u0308") == "Zoë");
    BOOST_TEST(subject("Al\u200bice\u202e") == "Alice");
    BOOST_TEST(
        !read_archive_line(archive_line({.subject = "\u200b", .sample = sample(), .photo = {}})));
}

BOOST_AUTO_TEST_CASE(reads_samples_without_the_fields_added_in_version_2) {
    const auto line = archive_line({.subject = "Ann", .sample = sample(), .photo = {}});
    BOOST_TEST(line.find("ignored") == std::string::npos);
    BOOST_TEST(line.find("picture") == std::string::npos);
    const auto read = read_archive_line(line);
    BOOST_REQUIRE(read);
    BOOST_TEST(!read->ignored);
    BOOST_TEST(read->photo.empty());
    BOOST_TEST(
        read_archive_header(R"({"facebus_gallery":1,"subjects":1,"samples":1})").has_value());
}

BOOST_AUTO_TEST_CASE(the_longest_possible_line_is_readable_and_below_the_limit_of_sealed_reader) {
    auto longest = sample();
    longest.source = std::string(4096, '"');
    longest.model_id = std::string(200, '"');
    const auto line =
        archive_line({.subject = std::string(200, '"'),
                      .ignored = true,
                      .sample = longest,
                      .photo = photo.substr(0, 4) + std::string(max_photo_bytes - 4, '\x7f')});
    BOOST_TEST(read_archive_line(line).has_value());
    BOOST_TEST(line.size() < crypto::SealedReader::max_line_bytes);
}

BOOST_AUTO_TEST_CASE(rejects_photos_above_the_maximum_size) {
    const auto line = archive_line({.subject = "Ann",
                                    .sample = sample(),
                                    .photo = photo + std::string(max_photo_bytes, '\x7f')});
    const auto read = read_archive_line(line);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::too_large));
}

BOOST_AUTO_TEST_CASE(reads_the_counts_of_the_header_and_rejects_newer_or_invalid_headers) {
    const auto line = archive_line(ArchiveHeader{.subjects = 2, .samples = 7});
    const auto header = read_archive_header(line);
    BOOST_REQUIRE(header);
    BOOST_TEST(header->subjects == 2U);
    BOOST_TEST(header->samples == 7U);
    const auto later = read_archive_header(replace_once(line, "gallery\":2", "gallery\":3"));
    BOOST_REQUIRE(!later);
    BOOST_TEST((later.error().kind == ErrorKind::unsupported));
    for (const std::string& bad : {std::string(), std::string("{}"), std::string("subject,name"),
                                   replace_once(line, "\"samples\":7", "\"samples\":-7"),
                                   replace_once(line, "\"samples\":7", "\"samples\":1e30")}) {
        const auto read = read_archive_header(bad);
        BOOST_REQUIRE(!read);
        BOOST_TEST((read.error().kind == ErrorKind::malformed));
    }
}

BOOST_AUTO_TEST_CASE(rejects_archive_lines_that_are_not_samples) {
    const auto good =
        archive_line({.subject = "Ann", .ignored = true, .sample = sample(), .photo = photo});
    for (const std::string& bad :
         {std::string("{"), std::string("[]"),
          replace_once(good, "\"subject\":\"Ann\"", "\"subject\":1"),
          replace_once(good, "\"subject\":\"Ann\"", "\"subject\":\" \""),
          replace_once(good, "\"quality\":0.625", "\"quality\":1e300"),
          replace_once(good, "\"quality\":0.625", "\"quality\":-0.5"),
          replace_once(good, "\"created\":17", "\"created\":-17"),
          replace_once(good, "\"embedding\":\"", "\"embedding\":\"AAAA"),
          replace_once(good, "\"embedding\":\"AAAA", "\"embedding\":\"?AAA"),
          replace_once(good, "\"ignored\":true", "\"ignored\":1"),
          replace_once(good, "\"picture\":\"/9j/", "\"picture\":\"?9j/"),
          replace_once(good, "\"picture\":\"/9j/", "\"picture\":\"AAAA"),
          replace_once(good, "\"picture\":\"/9j/", "\"picture\":\"/9j/" + std::string(50'000, 'A')),
          replace_once(good, "\"model\":\"model-1\"", "\"model\":\"\"")}) {
        BOOST_TEST(!read_archive_line(bad).has_value(), bad.substr(0, 60));
    }
}
