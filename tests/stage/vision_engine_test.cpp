// Tests of the engines that run the embedding networks, with the real models.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <opencv2/dnn.hpp>

#include "base/embedding.hpp"
#include "base/error.hpp"
#include "base/temporary_folder.hpp"
#include "support/images.hpp"
#include "support/models.hpp"
#include "support/source.hpp"
#include "vision/crop/align.hpp"
#include "vision/embed/engine.hpp"
#include "vision/embed/openvino.hpp"
#include "vision/embed/sface_input.hpp"

using namespace facebus;
using namespace facebus::vision;
using facebus::test::SkipWithoutModels;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutModels);

namespace {

/// Returns all combinations of engine and precision that this processor supports.
std::vector<EmbedderOptions> engines() {
    std::vector<EmbedderOptions> all{{.engine = Engine::opencv, .precision = Precision::f32}};
    if (const auto openvino = OpenVino::load(test::models())) {
        all.push_back({.engine = Engine::openvino, .precision = Precision::f32});
        if (openvino->has_bf16()) {
            all.push_back({.engine = Engine::openvino, .precision = Precision::bf16});
        }
    } else {
        BOOST_TEST_MESSAGE("without OpenVINO: " << openvino.error().message);
    }
    return all;
}

NetworkFile facenet() {
    return {test::models(), test::models() / "facenet.onnx",
            cv::dnn::blobFromImage(test::mat_of(golden_image()), 1 / 128.0, {},
                                   cv::Scalar::all(127.5), true),
            golden_facenet};
}

NetworkFile sface() {
    const Image image = golden_image();
    const cv::Mat centre = test::mat_of(image)(cv::Rect(24, 24, sface_side, sface_side)).clone();
    return {test::models(), test::models() / "sface.onnx",
            cv::dnn::blobFromImage(centre, 1, {}, {}, true), golden_sface};
}

/// Creates a folder with the models, but without OpenVINO.
struct ModelsWithoutOpenVino {
    ModelsWithoutOpenVino() {
        create_symlink(test::models() / "facenet.onnx", folder / "facenet.onnx");
        create_directories(openvino);
    }

    TemporaryFolder folder;
#if defined(__aarch64__)
    std::filesystem::path openvino = folder / "openvino/aarch64";
#else
    std::filesystem::path openvino = folder / "openvino/x86_64";
#endif
};

/// Checks that `automatic` uses OpenCV and states `why` and how to fetch OpenVINO, and that
/// Engine::openvino fails with the same explanation.
void check_fallback(const std::filesystem::path& models, const std::string& why) {
    const auto available = OpenVino::load(test::models());
    if (!available && available.error().message.find("not available") != std::string::npos) {
        BOOST_TEST_MESSAGE("skipped: " << available.error().message);
        return;
    }
    const auto explains = [&](const std::string& text) {
        return text.find(why) != std::string::npos &&
               text.find("models/prepare --only engine") != std::string::npos &&
               text.find('\n') == std::string::npos;
    };
    Embedder embedder(models);
    BOOST_TEST(embedder.engine().name == "opencv");
    BOOST_TEST(embedder.engine().precision == "f32");
    BOOST_REQUIRE(embedder.engine().skipped.size() == 1U);
    BOOST_TEST(explains(embedder.engine().skipped[0]), embedder.engine().skipped[0]);
    BOOST_CHECK_EXCEPTION(Embedder(models, {.engine = Engine::openvino}), FatalError,
                          [&](const FatalError& error) {
                              return error.code() == Exit::unavailable && explains(error.what());
                          });
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_golden_outputs_are_those_of_the_files) {
    for (const auto& [file, golden] : {std::pair{"golden_embedding.json", &golden_facenet},
                                       std::pair{"golden_sface.json", &golden_sface}}) {
        std::ifstream in(test::source() / "models" / file);
        const auto json = nlohmann::json::parse(in);
        const auto expected = json.at("embedding").get<std::vector<double>>();
        BOOST_TEST(golden->values == expected, boost::test_tools::per_element());
        BOOST_TEST(golden->minimum_cosine == json.at("minimum_cosine").get<double>());
    }
}

BOOST_AUTO_TEST_CASE(a_wrong_output_has_a_low_golden_cosine) {
    std::vector<float> output(golden_sface.values.begin(), golden_sface.values.end());
    BOOST_TEST(golden_cosine(output, golden_sface) == 1, boost::test_tools::tolerance(1e-6));
    std::ranges::rotate(output, output.begin() + 1);
    BOOST_TEST(golden_cosine(output, golden_sface) < 0.9);
    output.pop_back();
    BOOST_TEST(golden_cosine(output, golden_sface) == 0);
}

BOOST_AUTO_TEST_CASE(every_engine_computes_the_golden_output) {
    for (const auto& options : engines()) {
        for (const auto& network : {facenet(), sface()}) {
            if (!std::filesystem::exists(network.file)) continue;
            const auto loaded = load_with_engine(network, options);
            const cv::Mat output = loaded.run(network.golden_input);
            BOOST_REQUIRE(output.total() == network.golden.values.size());
            const double required =
                options.precision == Precision::bf16 ? 0.999 : network.golden.minimum_cosine;
            BOOST_TEST(golden_cosine({output.ptr<float>(), output.total()}, network.golden) >=
                       required);
        }
    }
}

BOOST_AUTO_TEST_CASE(rejects_an_engine_that_computes_a_wrong_output) {
    std::vector<double> values(golden_facenet.values.begin(), golden_facenet.values.end());
    std::ranges::rotate(values, values.begin() + 1);
    const GoldenOutput golden{values, 0.9999};
    const auto valid = facenet();
    const NetworkFile network{valid.models, valid.file, valid.golden_input, golden};
    auto all = engines();
    all.emplace_back();
    for (const auto& options : all) {
        BOOST_CHECK_EXCEPTION(load_with_engine(network, options), FatalError,
                              [](const FatalError& error) {
                                  const std::string message = error.what();
                                  return error.code() == Exit::unavailable &&
                                         message.find("facenet.onnx") != std::string::npos &&
                                         message.find("cosine") != std::string::npos;
                              });
    }
}

BOOST_AUTO_TEST_CASE(a_batch_gives_the_embeddings_of_its_crops_in_the_same_order) {
    std::vector<Image> crops{golden_image()};
    // The embedder needs two batches for all crops.
    for (unsigned i = 0; i < 18; ++i) {
        crops.push_back(test::image_of(test::texture(crop_side, i)));
    }
    for (const auto& options : engines()) {
        const double required = options.precision == Precision::bf16 ? 0.9995 : 0.99999;
        Embedder embedder(test::models(), options);
        std::vector<Embedding> alone;
        for (const auto& crop : crops) alone.push_back(embedder.embed({&crop, 1}).front());
        for (const std::size_t size : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 19U, 2U}) {
            const auto together = embedder.embed(std::span(crops).first(size));
            BOOST_REQUIRE(together.size() == size);
            for (std::size_t i = 0; i < size; ++i) {
                BOOST_TEST(static_cast<double>(similarity(alone[i], together[i])) > required);
            }
        }
        BOOST_TEST(embedder.embed({}).empty());
    }
}

BOOST_AUTO_TEST_CASE(embeddings_of_all_engines_are_comparable) {
    const std::array crops{golden_image(), test::image_of(test::texture(crop_side, 1))};
    Embedder reference(test::models(), {.engine = Engine::opencv});
    const auto expected = reference.embed(crops);
    for (const auto& options : engines()) {
        Embedder embedder(test::models(), options);
        BOOST_TEST(embedder.model_id() == reference.model_id());
        const auto embeddings = embedder.embed(crops);
        for (std::size_t i = 0; i < crops.size(); ++i) {
            BOOST_TEST(similarity(embeddings[i], expected[i]) > 0.999F);
        }
    }
}

BOOST_AUTO_TEST_CASE(reports_the_engine_and_the_precision) {
    for (const auto& options : engines()) {
        const auto engine = Embedder(test::models(), options).engine();
        BOOST_TEST(engine.name == (options.engine == Engine::opencv ? "opencv" : "openvino"));
        BOOST_TEST(engine.precision == (options.precision == Precision::bf16 ? "bf16" : "f32"));
        BOOST_TEST(engine.skipped.empty());
    }
    // engines() lists the fastest last.
    const auto fastest = engines().back();
    const auto engine = Embedder(test::models()).engine();
    BOOST_TEST((engine.name == "opencv") == (fastest.engine == Engine::opencv));
    BOOST_TEST((engine.precision == "bf16") == (fastest.precision == Precision::bf16));
}

BOOST_AUTO_TEST_CASE(uses_opencv_if_openvino_is_missing) {
    const ModelsWithoutOpenVino models;
    check_fallback(models.folder.path(), "libopenvino_c.so is missing");
}

BOOST_AUTO_TEST_CASE(uses_opencv_if_the_file_of_openvino_is_not_a_library) {
    const ModelsWithoutOpenVino models;
    std::ofstream(models.openvino / "libopenvino_c.so") << "not a library";
    check_fallback(models.folder.path(), "cannot be loaded");
}

BOOST_AUTO_TEST_CASE(uses_opencv_if_the_file_of_openvino_is_another_library) {
    const auto file = test::models() / "openvino" / "x86_64" / "libtbb.so.12";
    if (!std::filesystem::exists(file)) {
        BOOST_TEST_MESSAGE("skipped: no OpenVINO");
        return;
    }
    const ModelsWithoutOpenVino models;
    // Any library without the functions of OpenVINO.
    copy_file(file, models.openvino / "libopenvino_c.so");
    check_fallback(models.folder.path(), "has no function ov_");
}

BOOST_AUTO_TEST_CASE(opencv_does_not_support_bf16) {
    BOOST_CHECK_EXCEPTION(
        Embedder(test::models(), {.engine = Engine::opencv, .precision = Precision::bf16}),
        FatalError, [](const FatalError& error) {
            const std::string message = error.what();
            return error.code() == Exit::config &&
                   message.find("recognize.precision") != std::string::npos;
        });
}

BOOST_AUTO_TEST_CASE(bf16_requires_openvino) {
    const ModelsWithoutOpenVino models;
    BOOST_CHECK_EXCEPTION(Embedder(models.folder.path(), {.precision = Precision::bf16}),
                          FatalError, [](const FatalError& error) {
                              return error.code() == Exit::unavailable &&
                                     std::string(error.what()).find("openvino") !=
                                         std::string::npos;
                          });
}
