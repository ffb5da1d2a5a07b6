#include <boost/test/unit_test.hpp>

#include "crypto/sealed_file.hpp"
#include "gallery/archive/archive.hpp"
#include "gallery/store/record.hpp"
#include "support/faces.hpp"
#include "support/text.hpp"

using namespace facebus;
using namespace facebus::gallery;
using test::replaced;

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

const std::string picture = "\xff\xd8\xff\xe0" + std::string(5000, '\x7f');

}  // namespace

BOOST_AUTO_TEST_CASE(a_sample_is_read_as_it_was_written) {
    const auto line =
        archive_line({.subject = "Zoë", .ignored = true, .sample = sample(), .photo = picture});
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
    BOOST_TEST((read->photo == picture));
}

BOOST_AUTO_TEST_CASE(a_sample_of_the_first_version_is_read_as_one_without_mark_and_picture) {
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

BOOST_AUTO_TEST_CASE(the_longest_line_of_an_archive_can_be_read) {
    auto most = sample();
    most.source = std::string(4096, '"');
    most.model_id = std::string(200, '"');
    const auto line =
        archive_line({.subject = std::string(200, '"'),
                      .ignored = true,
                      .sample = most,
                      .photo = picture.substr(0, 4) + std::string(max_photo_bytes - 4, '\x7f')});
    BOOST_TEST(read_archive_line(line).has_value());
    BOOST_TEST(line.size() < crypto::SealedReader::max_line_bytes);
}

BOOST_AUTO_TEST_CASE(the_first_line_tells_how_many_there_are_and_of_which_version_it_is) {
    const auto line = archive_line(ArchiveHeader{.subjects = 2, .samples = 7});
    const auto header = read_archive_header(line);
    BOOST_REQUIRE(header);
    BOOST_TEST(header->subjects == 2U);
    BOOST_TEST(header->samples == 7U);
    const auto later = read_archive_header(replaced(line, "gallery\":2", "gallery\":3"));
    BOOST_REQUIRE(!later);
    BOOST_TEST((later.error().kind == ErrorKind::unsupported));
    for (const std::string& bad : {std::string(), std::string("{}"), std::string("subject,name"),
                                   replaced(line, "\"samples\":7", "\"samples\":-7"),
                                   replaced(line, "\"samples\":7", "\"samples\":1e30")}) {
        const auto read = read_archive_header(bad);
        BOOST_REQUIRE(!read);
        BOOST_TEST((read.error().kind == ErrorKind::malformed));
    }
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_sample_is_refused) {
    const auto good =
        archive_line({.subject = "Ann", .ignored = true, .sample = sample(), .photo = picture});
    for (const std::string& bad :
         {std::string("{"), std::string("[]"),
          replaced(good, "\"subject\":\"Ann\"", "\"subject\":1"),
          replaced(good, "\"subject\":\"Ann\"", "\"subject\":\" \""),
          replaced(good, "\"quality\":0.625", "\"quality\":1e300"),
          replaced(good, "\"quality\":0.625", "\"quality\":-0.5"),
          replaced(good, "\"created\":17", "\"created\":-17"),
          replaced(good, "\"embedding\":\"", "\"embedding\":\"AAAA"),
          replaced(good, "\"embedding\":\"AAAA", "\"embedding\":\"?AAA"),
          replaced(good, "\"ignored\":true", "\"ignored\":1"),
          replaced(good, "\"picture\":\"/9j/", "\"picture\":\"?9j/"),
          replaced(good, "\"picture\":\"/9j/", "\"picture\":\"AAAA"),
          replaced(good, "\"picture\":\"/9j/", "\"picture\":\"/9j/" + std::string(50'000, 'A')),
          replaced(good, "\"model\":\"model-1\"", "\"model\":\"\"")}) {
        BOOST_TEST(!read_archive_line(bad).has_value(), bad.substr(0, 60));
    }
}
