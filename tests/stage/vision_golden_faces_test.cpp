// Tests that the embeddings of the faces in some photographs are nearly the same with every engine
// and every version of OpenCV. The reference run, golden_faces.json, was written with OpenCV 4.6;
// FACEBUS_WRITE_GOLDEN=1 rewrites it.
#include <array>
#include <cstdlib>
#include <fstream>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "support/models.hpp"
#include "support/source.hpp"
#include "vision/crop/align.hpp"
#include "vision/detect/mtcnn.hpp"
#include "vision/embed/embedder.hpp"
#include "vision/image/image_file.hpp"

using namespace facebus;
using namespace facebus::vision;
using Json = nlohmann::ordered_json;

namespace {

constexpr double min_cosine = 0.9999;
constexpr double min_cosine_bf16 = 0.999;

const std::filesystem::path golden_file = test::source() / "tests/stage/golden_faces.json";

Image photograph(const std::string& name) {
    auto image = read_image(test::models() / "demo/photos" / name);
    BOOST_REQUIRE(image);
    return *image;
}

Detection detection(const Json& json) {
    Detection face;
    const auto& box = json.at("box");
    face.box = {box.at(0), box.at(1), box.at(2), box.at(3)};
    for (std::size_t i = 0; i < face.landmarks.size(); ++i) {
        face.landmarks[i] = {json.at("landmarks").at(i).at(0), json.at("landmarks").at(i).at(1)};
    }
    return face;
}

/// Writes the reference run. It includes the box and the landmarks that MTCNN finds, so that the
/// test itself runs only align() and the embedder.
void write_golden(Embedder& embedder) {
    Mtcnn mtcnn(test::models(), {});
    Json faces = Json::array();
    for (const char* name : {"barack_obama/obama.jpg", "barack_obama/obama2.jpg",
                             "barack_obama/obama3.jpg", "joe_biden/biden.jpg"}) {
        if (!std::filesystem::exists(test::models() / "demo/photos" / name)) continue;
        const auto image = photograph(name);
        const auto found = mtcnn.detect(image);
        BOOST_REQUIRE(!found.empty());
        const auto& face = found.front();
        Json landmarks = Json::array();
        for (const auto& point : face.landmarks) landmarks.push_back({point.x, point.y});
        faces.push_back({{"photograph", name},
                         {"box", {face.box.x, face.box.y, face.box.width, face.box.height}},
                         {"landmarks", landmarks},
                         {"embedding", embedder.embed(std::array{align(image, face)}).front()}});
    }
    std::ofstream(golden_file) << Json{{"model", embedder.model_id()}, {"faces", faces}} << "\n";
}

}  // namespace

using facebus::test::SkipWithoutModels;
BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutModels);

BOOST_AUTO_TEST_CASE(embeddings_are_nearly_those_of_the_reference_run) {
    Embedder opencv(test::models(), {.engine = Engine::opencv});
    Embedder automatic(test::models());
    if (std::getenv("FACEBUS_WRITE_GOLDEN") != nullptr) write_golden(opencv);
    std::ifstream in(golden_file);
    const auto golden = Json::parse(in);
    BOOST_REQUIRE(golden.at("faces").size() == 4U);
    for (auto* embedder : {&opencv, &automatic}) {
        BOOST_TEST(golden.at("model").get<std::string>() == embedder->model_id());
        const auto& engine = embedder->engine();
        const double required = engine.precision == "bf16" ? min_cosine_bf16 : min_cosine;
        for (const auto& face : golden.at("faces")) {
            const auto name = face.at("photograph").get<std::string>();
            const auto crop = align(photograph(name), detection(face));
            const Embedding expected = face.at("embedding").get<Embedding>();
            const auto cosine = static_cast<double>(
                similarity(embedder->embed(std::array{crop}).front(), expected));
            BOOST_TEST(cosine >= required, name << ", " << engine.name << ": " << cosine);
        }
    }
}
