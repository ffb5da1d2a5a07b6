// Tests the decisions of the stage `recognize` with the real FaceNet model, without sockets or
// Redis.
#include <filesystem>

#include <boost/test/unit_test.hpp>

#include "gallery/decide/calibration.hpp"
#include "gallery/score/cohort.hpp"
#include "recognize/recognizer.hpp"
#include "support/example_messages.hpp"
#include "support/faces.hpp"
#include "support/models.hpp"
#include "vision/crop/align.hpp"
#include "vision/crop/quality.hpp"
#include "vision/detect/mtcnn.hpp"
#include "vision/image/image_file.hpp"
#include "wire/codec.hpp"

using namespace facebus;
using namespace facebus::recognize;
using test::SkipWithoutModels;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutModels);

namespace {

struct Crop {
    Image image;
    Quality quality;
};

/// Returns one crop per photo of a person: the face with the highest detector score.
std::vector<Crop> crops_of(const std::string& person) {
    vision::Mtcnn detector(test::models(), {.min_face = 80});
    std::vector<Crop> crops;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(test::models() / "demo/photos" / person)) {
        const auto image = vision::read_image(entry.path());
        if (!image) continue;
        const auto faces = detector.detect(*image);
        if (faces.empty()) continue;
        const auto crop = vision::align(*image, faces[0]);
        crops.push_back({crop, vision::assess(crop, faces[0])});
    }
    BOOST_REQUIRE(!crops.empty());
    return crops;
}

ProbeItem item(const Crop& crop, const std::string& track, int number) {
    auto probe = examples::probe();
    probe.track = track;
    probe.probe = track + "/" + std::to_string(number);
    probe.quality = crop.quality;
    return {probe, crop.image};
}

struct Fixture {
    Recognizer recognizer{test::models()};
    std::map<std::string, std::vector<gallery::Probe>> memory;
    gallery::CalibrationOptions calibration;

    std::vector<wire::Identity> process(const std::vector<ProbeItem>& items,
                                        const gallery::Snapshot& snapshot) {
        return recognizer.process(items, snapshot, gallery::policy_for(snapshot, calibration),
                                  [this](const std::string& track, const gallery::Probe& probe) {
                                      memory[track].push_back(probe);
                                      return memory[track];
                                  });
    }

    /// Returns a gallery with one person, who has one sample.
    gallery::Snapshot gallery_of(const Crop& crop, const std::string& name, bool ignored = false) {
        vision::Embedder embedder(test::models());
        gallery::Sample sample;
        sample.id = test::id("s1");
        sample.subject_id = test::id(name);
        sample.model_id = recognizer.model_id();
        sample.embedding = embedder.embed({&crop.image, 1}).front();
        return {recognizer.model_id(), {{test::id(name), name, 0, ignored}}, {sample}, "7-0"};
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(recognises_an_enrolled_person_but_not_an_unknown_person, Fixture) {
    const auto obama = crops_of("barack_obama");
    const auto biden = crops_of("joe_biden");
    BOOST_REQUIRE(obama.size() >= 3U);
    const auto snapshot = gallery_of(obama[0], "Barack");
    const auto identities = process({item(obama[1], "a", 1), item(biden[0], "b", 1),
                                     item(obama[2], "a", 2), item(biden[0], "b", 2)},
                                    snapshot);
    BOOST_REQUIRE(identities.size() == 4U);
    BOOST_TEST((identities[2].decision == wire::Decision::known));
    BOOST_TEST(identities[2].subject.value_or("") == "Barack");
    BOOST_TEST(identities[2].probes == 2U);
    BOOST_TEST(*identities[2].similarity > identities[2].threshold);
    BOOST_TEST(*identities[2].probability > 0.9);
    BOOST_TEST(identities[2].samples.size() == 1U);
    BOOST_TEST(identities[2].gallery == "7-0");
    BOOST_TEST((identities[3].decision == wire::Decision::unknown));
    BOOST_TEST(!identities[3].subject.has_value());
    BOOST_TEST(*identities[3].probability < 0.1);
    for (const auto& identity : identities) {
        BOOST_TEST(wire::decode<wire::Identity>(wire::encode(identity), 0).has_value());
    }
}

BOOST_FIXTURE_TEST_CASE(explains_why_a_track_with_too_few_good_faces_is_undecided, Fixture) {
    const auto biden = crops_of("joe_biden");
    const auto snapshot = gallery_of(crops_of("barack_obama")[0], "Barack");
    auto poor = biden[0];
    poor.quality.overall = 0.01F;
    const auto identities =
        process({item(poor, "a", 1), item(biden[0], "a", 2), item(biden[0], "a", 3)}, snapshot);
    BOOST_TEST((identities[0].decision == wire::Decision::undecided));
    BOOST_TEST(identities[0].reason.value_or("").find("quality") != std::string::npos);
    BOOST_TEST((identities[1].decision == wire::Decision::undecided));
    BOOST_TEST(identities[1].reason.value_or("").find("1 of the 2 required clear faces") !=
               std::string::npos);
    BOOST_TEST((identities[2].decision == wire::Decision::unknown));
}

BOOST_FIXTURE_TEST_CASE(does_not_reveal_who_an_ignored_person_is, Fixture) {
    const auto obama = crops_of("barack_obama");
    const auto biden = crops_of("joe_biden");
    const auto snapshot = gallery_of(obama[0], "Barack", true);
    const auto identities = process({item(obama[1], "a", 1), item(obama[2], "a", 2),
                                     item(biden[0], "b", 1), item(biden[0], "b", 2)},
                                    snapshot);
    for (const auto& identity : identities) {
        BOOST_TEST(!identity.subject.has_value());
        BOOST_TEST(!identity.runner_up.has_value());
        BOOST_TEST(identity.samples.empty());
        BOOST_TEST(wire::decode<wire::Identity>(wire::encode(identity), 0).has_value());
    }
    BOOST_TEST(identities[1].ignored.value_or(false));
    BOOST_TEST((identities[1].decision == wire::Decision::undecided));
    BOOST_TEST(!identities[1].similarity.has_value());
    // Track b shows an unknown person. Its result is reported, but without the name of the ignored
    // person, who is its best match.
    BOOST_TEST(!identities[3].ignored.has_value());
    BOOST_TEST((identities[3].decision == wire::Decision::unknown));
    BOOST_TEST(identities[3].similarity.has_value());
}

BOOST_FIXTURE_TEST_CASE(names_both_if_a_person_is_enrolled_under_two_names, Fixture) {
    const auto obama = crops_of("barack_obama");
    BOOST_REQUIRE(obama.size() >= 3U);
    vision::Embedder embedder(test::models());
    const auto gallery_with = [&](bool second_ignored) {
        std::vector<gallery::Sample> samples(2);
        for (std::size_t i = 0; i < 2; ++i) {
            samples[i].id = test::id("s" + std::to_string(i));
            samples[i].subject_id = test::id(i == 0 ? "a" : "b");
            samples[i].model_id = recognizer.model_id();
            samples[i].embedding = embedder.embed({&obama[0].image, 1}).front();
        }
        return gallery::Snapshot{
            recognizer.model_id(),
            {{test::id("a"), "Barack", 0}, {test::id("b"), "Barry", 0, second_ignored}},
            samples,
            "7-0"};
    };
    const auto decide = [&](const std::string& track, bool second_ignored) {
        const auto identities =
            process({item(obama[1], track, 1), item(obama[2], track, 2), item(obama[1], track, 3)},
                    gallery_with(second_ignored));
        for (const auto& identity : identities) {
            BOOST_TEST((identity.decision == wire::Decision::undecided));
            BOOST_TEST(!identity.subject.has_value());
            BOOST_TEST(identity.reason.value_or("").find("ambiguous") != std::string::npos);
            BOOST_TEST(wire::decode<wire::Identity>(wire::encode(identity), 0).has_value());
        }
        return identities.back();
    };
    const auto ambiguous = decide("a", false);
    BOOST_REQUIRE(ambiguous.best);
    BOOST_REQUIRE(ambiguous.runner_up);
    BOOST_TEST(ambiguous.best->subject == "Barack");
    BOOST_TEST(ambiguous.runner_up->subject == "Barry");
    BOOST_TEST(!decide("b", true).best.has_value());
    BOOST_TEST(!decide("c", true).runner_up.has_value());
}

BOOST_FIXTURE_TEST_CASE(explains_why_everyone_is_unknown_if_the_gallery_is_empty, Fixture) {
    calibration.base.min_probes = 1;
    const auto identities = process({item(crops_of("joe_biden")[0], "a", 1)}, gallery::Snapshot{});
    BOOST_TEST((identities[0].decision == wire::Decision::unknown));
    BOOST_TEST(identities[0].reason.value_or("").find("no face to compare") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_cohort_ships_for_the_model_id_of_each_recognizer) {
    const Recognizer facenet(test::models());
    BOOST_TEST(gallery::find_cohort(facenet.model_id()) != nullptr);
    if (!std::filesystem::exists(test::models() / "sface.onnx")) return;
    const Recognizer sface(test::models(), {.model = vision::Model::sface});
    BOOST_TEST(gallery::find_cohort(sface.model_id()) != nullptr);
    BOOST_TEST(gallery::find_cohort(sface.model_id()) != gallery::find_cohort(facenet.model_id()));
}

BOOST_FIXTURE_TEST_CASE(adapts_the_probes_of_a_camera_and_states_it_in_the_model_id, Fixture) {
    const auto obama = crops_of("barack_obama");
    const auto plain = gallery_of(obama[0], "Barack");
    auto adaptation = std::make_shared<gallery::Adaptation>();
    adaptation->model_id = recognizer.model_id();
    adaptation->mean = gallery::shipped_cohorts().front().mean;
    adaptation->cameras = {"door"};
    adaptation->shift = 0.125F;
    vision::Embedder embedder(test::models());
    gallery::Sample sample;
    sample.id = test::id("s1");
    sample.subject_id = test::id("Barack");
    sample.model_id = recognizer.model_id();
    sample.embedding = embedder.embed({&obama[0].image, 1}).front();
    const gallery::Snapshot adapted(
        recognizer.model_id(), {{test::id("Barack"), "Barack", 0}}, {sample}, "7-0",
        gallery::ScoreSpace::of(recognizer.model_id(), "12345678", adaptation));

    auto probe = item(obama[1], "a", 1);
    probe.probe.head.src = "yard";
    const auto other = process({probe}, adapted).front();
    BOOST_TEST(other.model == recognizer.model_id());
    probe.probe.head.src = "door";
    probe.probe.track = "b";
    const auto identity = process({probe}, adapted).front();
    BOOST_TEST(identity.model == recognizer.model_id() + "+adapt.12345678");
    // The mean is that of the cohort, so only the shift changes the score.
    BOOST_TEST(std::abs(*identity.score - *other.score - 0.125) < 1e-3);
    BOOST_TEST(std::abs(*identity.similarity - *other.similarity) < 1e-3);
    BOOST_TEST(std::abs(identity.threshold - other.threshold + 0.125) < 1e-3);
    BOOST_TEST(memory["a"].front().embedding == memory["b"].front().embedding);
}
