// Tests of `facebus collect`: grouping by person, names of folders, and removal of unfinished
// output.
#include <boost/test/unit_test.hpp>

#include "base/error.hpp"
#include "base/temporary_folder.hpp"
#include "cli/collect/collect_people.hpp"
#include "cli/gallery/face_folder.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::cli;
using facebus::test::axis;
using facebus::test::between;
using facebus::test::face;

namespace {

/// Returns a track with two good crops of one face, one at `from` and one at `to`.
KeptTrack track(std::uint64_t number, const Embedding& embedding, std::int64_t from,
                std::int64_t to) {
    KeptTrack out{.video = 0, .number = number, .from = from, .to = to, .crops = {}};
    for (const auto pts : {from, to}) {
        out.crops.push_back({.face = {.image = {}, .quality = {.overall = 0.9F}},
                             .pts = pts,
                             .embedding = embedding});
    }
    return out;
}

gallery::Snapshot gallery_of(const std::vector<std::pair<std::string, Embedding>>& subjects) {
    std::vector<gallery::Subject> names;
    std::vector<gallery::Sample> samples;
    for (const auto& [name, embedding] : subjects) {
        const auto id = test::id(name);
        names.push_back({.id = id, .name = name, .created = 0});
        auto sample = test::sample(embedding);
        sample.id = id;
        sample.subject_id = id;
        samples.push_back(sample);
    }
    return {"model-1", names, samples, "1-0"};
}

/// Groups the tracks by person, recognises these people, and names their folders, like
/// `facebus collect`.
std::vector<CollectedPerson> collect_people(const std::vector<KeptTrack>& tracks,
                                            const gallery::Snapshot& gallery) {
    auto people = people_of(tracks, "model-1");
    recognise(people, gallery, {});
    name_folders(people);
    return people;
}

std::vector<std::string> folders(const std::vector<CollectedPerson>& people) {
    std::vector<std::string> out;
    out.reserve(people.size());
    for (const auto& person : people) out.push_back(person.folder);
    return out;
}

using Names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(numbers_unknown_people_in_order_of_appearance) {
    const std::vector<KeptTrack> tracks{track(1, face(1), 5, 6), track(2, face(2), 0, 1),
                                        track(3, face(2), 8, 9)};
    const auto people = collect_people(tracks, {});
    BOOST_TEST(folders(people) == (Names{"person-01", "person-02"}),
               boost::test_tools::per_element());
    BOOST_TEST(people[0].tracks.size() == 2U);
    BOOST_TEST(people[0].tracks.front()->number == 2U);
}

BOOST_AUTO_TEST_CASE(uses_the_names_of_known_people_and_numbers_only_unknown_people) {
    const std::vector<KeptTrack> tracks{track(1, face(1), 0, 1), track(2, face(2), 2, 3)};
    BOOST_TEST(folders(collect_people(tracks, gallery_of({{"Ann", face(1)}}))) ==
                   (Names{"Ann", "person-01"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(merges_two_groups_of_one_subject) {
    // The two faces are too different to be grouped, but both are similar to the subject.
    const std::vector<KeptTrack> tracks{track(1, between(0, 1, 0.65F), 4, 5),
                                        track(2, between(0, 2, 0.7F), 0, 1)};
    BOOST_TEST(people_of(tracks, "model-1").size() == 2U);
    const auto people = collect_people(tracks, gallery_of({{"Ann", axis(0)}}));
    BOOST_TEST(folders(people) == Names{"Ann"}, boost::test_tools::per_element());
    BOOST_TEST_REQUIRE(people[0].tracks.size() == 2U);
    BOOST_TEST(people[0].tracks.front()->number == 2U);
}

BOOST_AUTO_TEST_CASE(gives_the_name_to_the_more_similar_of_two_people_visible_together) {
    const std::vector<KeptTrack> tracks{track(1, between(0, 1, 0.65F), 0, 5),
                                        track(2, between(0, 2, 0.7F), 3, 9)};
    const auto people = collect_people(tracks, gallery_of({{"Ann", axis(0)}}));
    BOOST_TEST(folders(people) == (Names{"person-01", "Ann"}), boost::test_tools::per_element());
    BOOST_TEST(!people[0].subject.has_value());
}

BOOST_AUTO_TEST_CASE(folder_names_are_unique_and_differ_from_the_name_of_the_contact_sheet) {
    const std::vector<KeptTrack> tracks{track(1, face(1), 0, 1), track(2, face(2), 2, 3),
                                        track(3, face(3), 4, 5), track(4, face(4), 6, 7),
                                        track(5, face(5), 8, 9)};
    const auto gallery = gallery_of({{"a/b", face(1)},
                                     {"a_b", face(2)},
                                     {"person-01", face(3)},
                                     {contact_sheet_name, face(4)}});
    BOOST_TEST(folders(collect_people(tracks, gallery)) ==
                   (Names{"a_b", "a_b (2)", "person-01", "contact-sheet.jpg (2)", "person-02"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(replaces_unsafe_characters_in_file_names) {
    BOOST_TEST(safe_file_name("Bob Öztürk") == "Bob Öztürk");
    BOOST_TEST(safe_file_name("../../etc/passwd") == "_._.._etc_passwd");
    BOOST_TEST(safe_file_name("..") == "_.");
    BOOST_TEST(safe_file_name("") == "_");
    BOOST_TEST(safe_file_name("a\nb\x1b[2J\x7f") == "a_b_[2J_");
}

BOOST_AUTO_TEST_CASE(cuts_a_long_file_name_between_characters) {
    std::string name = "a";
    for (int i = 0; i < 150; ++i) name += "ö";
    const auto cut = safe_file_name(name);
    BOOST_TEST(cut.size() == 179U);
    BOOST_TEST(name.starts_with(cut));
}

BOOST_AUTO_TEST_CASE(face_folder_without_keep_removes_only_what_it_created) {
    const TemporaryFolder scratch;
    {
        FaceFolder faces(scratch / "new/faces");
        faces.folder("person-01");
        BOOST_TEST(std::filesystem::exists(scratch / "new/faces/person-01"));
    }
    BOOST_TEST(!std::filesystem::exists(scratch / "new"));
    {
        FaceFolder faces(scratch / "new/faces");
        faces.folder("person-01");
        std::filesystem::create_directory(scratch / "new/faces/not mine");
    }
    BOOST_TEST(!std::filesystem::exists(scratch / "new/faces/person-01"));
    BOOST_TEST(std::filesystem::exists(scratch / "new/faces/not mine"));
}

BOOST_AUTO_TEST_CASE(face_folder_must_be_new_or_empty_and_survives_with_keep) {
    const TemporaryFolder scratch;
    const auto input = [](const FatalError& error) { return error.code() == Exit::input; };
    {
        FaceFolder faces(scratch.path());
        faces.folder("person-01");
        faces.keep();
    }
    BOOST_TEST(std::filesystem::exists(scratch / "person-01"));
    BOOST_CHECK_EXCEPTION(FaceFolder{scratch.path()}, FatalError, input);
    BOOST_CHECK_EXCEPTION(FaceFolder{"/dev/null"}, FatalError, input);
}
