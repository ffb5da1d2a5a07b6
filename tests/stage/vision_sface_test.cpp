// Tests of SFace with the real model.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.hpp"
#include "base/temporary_folder.hpp"
#include "support/images.hpp"
#include "support/models.hpp"
#include "vision/crop/align.hpp"
#include "vision/detect/mtcnn.hpp"
#include "vision/embed/embedder.hpp"
#include "vision/embed/sface_input.hpp"
#include "vision/image/image_file.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

struct SkipWithoutSface {
    SkipWithoutSface() {
        if (std::filesystem::exists(test::models() / "sface.onnx")) return;
        std::printf("skipped: sface.onnx is missing; models/prepare --only sface fetches it\n");
        std::fflush(stdout);
        std::_Exit(77);
    }
};

struct Face {
    std::string person;
    Image photo;
    Detection detection;
    Image crop;
};

/// Returns the faces in the photos of the demo: three of one person and one of another.
std::vector<Face> faces() {
    Mtcnn mtcnn(test::models(), {});
    std::vector<Face> all;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(test::models() / "demo/photos")) {
        if (entry.path().extension() != ".jpg") continue;
        auto photo = read_image(entry.path());
        BOOST_REQUIRE(photo);
        const auto face = mtcnn.detect(*photo).front();
        auto crop = align(*photo, face);
        all.push_back({entry.path().parent_path().filename().string(), std::move(*photo), face,
                       std::move(crop)});
    }
    BOOST_REQUIRE(all.size() == 4U);
    return all;
}

Embedder sface(Engine engine = Engine::automatic) {
    return Embedder(test::models(), {.model = Model::sface, .engine = engine});
}

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutSface);

BOOST_AUTO_TEST_CASE(finds_in_the_crop_the_landmarks_that_mtcnn_found_in_the_photo) {
    const SfaceInput input(test::models());
    for (const auto& face : faces()) {
        const auto& box = face.detection.box;
        // The crop of a face that is not rotated: the box with its margin; see align.cpp.
        const float added = 44.0F / 108 * std::sqrt(box.area());
        const float width = (box.width + added) * 160 / 182;
        const float height = (box.height + added) * 160 / 182;
        const auto found = input.landmarks(face.crop);
        for (std::size_t i = 0; i < found.size(); ++i) {
            const auto centre = box.centre();
            const auto& point = face.detection.landmarks[i];
            const float x = (point.x - centre.x) / width * 160 + 80;
            const float y = (point.y - centre.y + 0.03F * box.height) / height * 160 + 80;
            BOOST_TEST(std::hypot(found[i].x - x, found[i].y - y) < 6);
        }
    }
}

BOOST_AUTO_TEST_CASE(eyes_and_mouth_are_where_they_were_in_the_training_images) {
    const SfaceInput input(test::models());
    for (const auto& face : faces()) {
        const cv::Mat warped = input.warp(face.crop);
        BOOST_REQUIRE((warped.size() == cv::Size(sface_side, sface_side)));
        const auto again = Mtcnn(test::models(), {.min_face = 20}).detect(test::image_of(warped));
        BOOST_REQUIRE(!again.empty());
        const auto& points = again.front().landmarks;
        BOOST_TEST(std::hypot(points[0].x - 38.3F, points[0].y - 51.7F) < 4);
        BOOST_TEST(std::hypot(points[1].x - 73.5F, points[1].y - 51.5F) < 4);
        BOOST_TEST(std::hypot(points[3].x - 41.5F, points[3].y - 92.4F) < 8);
        BOOST_TEST(std::hypot(points[4].x - 70.7F, points[4].y - 92.2F) < 8);
    }
}

BOOST_AUTO_TEST_CASE(photos_of_one_person_are_more_similar_than_photos_of_two) {
    const auto all = faces();
    for (const auto engine : {Engine::automatic, Engine::opencv}) {
        auto embedder = sface(engine);
        std::vector<Image> crops;
        for (const auto& face : all) crops.push_back(face.crop);
        const auto embeddings = embedder.embed(crops);
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                const float cosine = similarity(embeddings[i], embeddings[j]);
                BOOST_TEST((all[i].person == all[j].person ? cosine > 0.4F : cosine < 0.3F),
                           cosine);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(embeddings_are_unit_vectors_whose_elements_from_128_are_0) {
    const auto all = faces();
    std::vector<Image> crops;
    for (int i = 0; i < 5; ++i) {
        for (const auto& face : all) crops.push_back(face.crop);
    }
    auto embedder = sface();
    const auto embeddings = embedder.embed(crops);  // more than one batch
    BOOST_REQUIRE(embeddings.size() == 20U);
    for (std::size_t i = 0; i < embeddings.size(); ++i) {
        BOOST_TEST(std::abs(similarity(embeddings[i], embeddings[i]) - 1) < 1e-5F);
        BOOST_TEST(similarity(embeddings[i], embeddings[i % 4]) > 0.9999F);
        BOOST_TEST(std::ranges::all_of(embeddings[i].begin() + sface_size, embeddings[i].end(),
                                       [](float value) { return value == 0; }));
    }
}

BOOST_AUTO_TEST_CASE(the_model_id_names_the_network_the_crop_and_the_alignment) {
    const auto embedder = sface();
    const auto& id = embedder.model_id();
    BOOST_TEST(id.starts_with("sface-"));
    BOOST_TEST(id.ends_with(std::string(crop_id) + ":" + std::string(sface_alignment)));
    BOOST_TEST(dimensions_of(id) == sface_size);
    BOOST_TEST(dimensions_of(Embedder(test::models()).model_id()) == embedding_size);
}

BOOST_AUTO_TEST_CASE(reports_a_missing_model_and_how_to_fetch_it) {
    const TemporaryFolder folder;
    BOOST_CHECK_EXCEPTION(
        Embedder(folder.path(), {.model = Model::sface}), FatalError, [](const FatalError& error) {
            const std::string message = error.what();
            return error.code() == Exit::unavailable &&
                   message.find("sface.onnx") != std::string::npos &&
                   message.find("models/prepare --only sface") != std::string::npos;
        });
}
