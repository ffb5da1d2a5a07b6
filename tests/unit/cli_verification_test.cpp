// Tests verification with the protocol of LFW and with all pairs.
#include <fstream>

#include <boost/test/unit_test.hpp>

#include "base/temporary_folder.hpp"
#include "cli/evaluation/verification.hpp"
#include "support/face_sets.hpp"

using namespace facebus;
using namespace facebus::cli;

namespace {

struct Fixture {
    TemporaryFolder folder;
    FaceSet set = test::face_set(6, 3);

    std::vector<Pair> read(const std::string& text) {
        std::ofstream(folder / "pairs.txt") << text;
        return read_pairs(folder / "pairs.txt", set);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(cli_verification, Fixture)

BOOST_AUTO_TEST_CASE(reads_pairs_in_the_format_of_lfw) {
    const auto pairs = read(
        "2\t1\np0000\t1\t2\np0001\t1\tp0002\t3\n"
        "p0003\t2\t3\np0004\t1\tp0005\t2\n");
    BOOST_REQUIRE(pairs.size() == 4U);
    BOOST_TEST(set.images[pairs[0].first].file == "p0000/p0000_0001.jpg");
    BOOST_TEST(set.images[pairs[0].second].file == "p0000/p0000_0002.jpg");
    BOOST_TEST(pairs[0].same);
    BOOST_TEST(set.images[pairs[1].second].file == "p0002/p0002_0003.jpg");
    BOOST_TEST(!pairs[1].same);
    BOOST_TEST(pairs[1].fold == 0U);
    BOOST_TEST(pairs[3].fold == 1U);
    BOOST_TEST(read("1\np0000\t1\t2\np0001\t1\tp0002\t3\n").size() == 2U);
}

BOOST_AUTO_TEST_CASE(reports_the_line_of_an_error_in_a_pairs_file) {
    const auto reports_line = [](int line) {
        return [line](const FatalError& error) {
            return std::string(error.what()).find(fmt::format("line {}:", line)) !=
                       std::string::npos &&
                   error.code() == Exit::input;
        };
    };
    BOOST_CHECK_EXCEPTION(read(""), FatalError, reports_line(1));
    BOOST_CHECK_EXCEPTION(read("ten\n"), FatalError, reports_line(1));
    BOOST_CHECK_EXCEPTION(read("1 1\np0000 1 2\n"), FatalError, reports_line(3));
    BOOST_CHECK_EXCEPTION(read("1 1\np0000 1\n"), FatalError, reports_line(2));
    BOOST_CHECK_EXCEPTION(read("1 1\np0000 1 9\n"), FatalError, reports_line(2));
    BOOST_CHECK_EXCEPTION(read("1 1\np0000 1 x\n"), FatalError, reports_line(2));
    BOOST_CHECK_EXCEPTION(read("1 1\np0000 1 2\nnobody 1 p0001 1\n"), FatalError, reports_line(3));
    BOOST_CHECK_THROW(read_pairs(folder / "none.txt", set), FatalError);
}

BOOST_AUTO_TEST_CASE(classifies_all_pairs_correctly_if_people_have_distinct_faces) {
    const auto result = verify(set, random_pairs(set));
    BOOST_TEST(result.folds == 10U);
    // All 18 pairs of the same person, and 18 of different people.
    BOOST_TEST(result.pairs.size() == 36U);
    BOOST_TEST(result.accuracy == 1);
    BOOST_TEST(result.deviation == 0);
    BOOST_TEST(result.threshold > 0.2);
    BOOST_TEST(result.threshold < 0.75);
}

BOOST_AUTO_TEST_CASE(classifies_a_pair_as_different_people_if_one_image_has_no_face) {
    set.images[0].face.reset();
    const auto result = verify(set, read("1 1\np0000 1 2\np0001 1 p0002 1\n"));
    BOOST_TEST(result.pairs[0].similarity == -1);
    BOOST_TEST(!result.pairs[0].correct);
    BOOST_TEST(result.pairs[1].correct);
    BOOST_TEST(result.accuracy == 0.5);
    BOOST_TEST(set.without_face() == 1U);
}

BOOST_AUTO_TEST_CASE(classifies_a_fold_with_the_threshold_of_the_other_folds) {
    const auto set_face = [this](std::size_t image, const Embedding& embedding) {
        set.images[image].face->embedding = embedding;
    };
    // First fold: similarity 1 for the same person and 0 for different people, so the threshold is
    // 0.5.
    set_face(0, test::axis(0));
    set_face(1, test::axis(0));
    set_face(3, test::axis(1));
    set_face(6, test::axis(2));
    // Second fold: 1 and 0.7, so its own threshold of 0.85 would classify both pairs correctly.
    set_face(9, test::axis(3));
    set_face(10, test::axis(3));
    set_face(12, test::axis(4));
    set_face(15, test::between(4, 5, 0.7F));
    const auto result = verify(set, read("2 1\np0000 1 2\np0001 1 p0002 1\n"
                                         "p0003 1 2\np0004 1 p0005 1\n"));
    BOOST_TEST(result.pairs[2].correct);
    BOOST_TEST(!result.pairs[3].correct);
    BOOST_TEST(result.accuracy == 0.75);
    BOOST_TEST(result.deviation > 0.1);
}

BOOST_AUTO_TEST_CASE(compares_all_pairs_of_images_that_have_a_face) {
    set.images[0].face.reset();
    const auto all = compare_all(set);
    BOOST_TEST(all.genuine.total() == 5U * 3 + 1);
    BOOST_TEST(all.impostor.total() == 17U * 16 / 2 - 16);
    BOOST_TEST(all.genuine.at_least(0.5) == all.genuine.total());
    BOOST_TEST(all.impostor.at_least(0.5) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
